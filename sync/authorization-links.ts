import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { RecordChange } from '../server/directory/directory-store.ts'
import type { Clock } from '../server/runtime/clock.ts'
import type { Config } from '../server/runtime/config-schema.ts'
import type { Authorization, Authorizations, RecordDirectory } from './authorizations.ts'
import type { CredentialPurpose } from './credential-health.ts'
import type { AccountAuthorization, AuthorizationAnswer, IdentityProvider } from './identity-provider.ts'
import { trusted } from './ledgers.ts'
import { createLine } from './line.ts'

export interface NewAuthorizationLink {
  readonly url: string
  /** ISO 8601. */
  readonly expires: string
  /** Must be registered for the application. */
  readonly redirectUri: string
}

/** What a link is for, to be shown to who opens it. */
export interface OpenedLink {
  readonly provider: string
  readonly name: string
  readonly purposes: readonly CredentialPurpose[]
  readonly permissions: readonly string[]
  /** Origin that the browser will be sent to. */
  readonly authority: string
}

/** The link or the browser's answer cannot be used; the message is for who uses it. */
export class AuthorizationLinkError extends Error {
  override readonly name = 'AuthorizationLinkError'
}

/**
 * One-time links with which an administrator authorizes an account for a provider, without an account here. A link is
 * used up by the authorization it leads to; until then it can be begun again, each beginning putting an end to the last.
 */
export interface AuthorizationLinks {
  /** Throws an Error for a provider that is not there or cannot take accounts. */
  create(provider: string, purposes: readonly CredentialPurpose[], by: string): Promise<NewAuthorizationLink>
  /** Throws {@link AuthorizationLinkError}. */
  open(token: string): Promise<OpenedLink>
  /**
   * Where to send the browser, and the secret that it must bring back. Throws {@link AuthorizationLinkError} and
   * ProviderError.
   */
  begin(token: string, signal: AbortSignal): Promise<{ readonly address: string; readonly browserSecret: string }>
  /**
   * Takes what the authority sent the browser back with. `state` and the browser's secret are checked first, and each is
   * of use once. Throws {@link AuthorizationLinkError}, MasterKeyError, and ProviderError with what the authority or a
   * permission wants.
   */
  complete(
    answer: AuthorizationAnswer & { readonly state: string; readonly browserSecret: string },
    signal: AbortSignal,
  ): Promise<Authorization & { readonly provider: string }>
}

/** Value of the `link` collection at [SHA-256 of the token]. */
type AuthorizationLink = {
  readonly kind: typeof kind
  readonly provider: string
  readonly purposes: readonly CredentialPurpose[]
  /** ISO 8601. */
  readonly expires: string
  readonly attempt: {
    /** SHA-256 of `state` and of the browser's secret. */
    readonly state: string
    readonly browser: string
    /** ISO 8601. */
    readonly expires: string
  } | null
}

const kind = 'authorize'
const linkMinutes = 30
/** For the sign-in at the authority; it may outlast the link. */
const attemptMinutes = 20

export interface AuthorizationLinkOptions {
  readonly directory: RecordDirectory
  readonly authorizations: Authorizations
  readonly providers: readonly IdentityProvider[]
  readonly config: Pick<Config, 'admin' | 'providers'>
  readonly clock: Pick<Clock, 'now'>
}

export function createAuthorizationLinks(options: AuthorizationLinkOptions): AuthorizationLinks {
  const { directory, authorizations, clock } = options
  const { store } = directory
  const inLine = createLine()
  const { publicUrl } = options.config.admin
  const addressOf = (path: string) => `${publicUrl.replace(/\/+$/, '')}/authorize/${path}`
  const redirectUri = addressOf('callback')

  function accountsOf(provider: string): AccountAuthorization {
    const ids = options.providers.map(({ id }) => id)
    const found = options.providers.find(({ id }) => id === provider)
    if (found === undefined) throw new Error(`there is no provider "${provider}"; configured are: ${ids.join(', ')}`)
    if (found.accounts !== undefined) return found.accounts
    throw new Error(
      `provider "${provider}" takes no authorized accounts; add { "kind": "delegated" } to its credentials (Entra and Office 365 only)`,
    )
  }

  async function liveLink(hash: string): Promise<AuthorizationLink | undefined> {
    const stored = await store.get('link', [hash])
    const link = stored === undefined ? undefined : trusted<AuthorizationLink>(stored)
    return link?.kind === kind ? link : undefined
  }

  /** With the token's hash. Throws for one that is not there, used up or too old: all the same to who has it. */
  async function usableLink(token: string): Promise<{ readonly hash: string; readonly link: AuthorizationLink }> {
    const hash = sha256(token)
    const link = await liveLink(hash)
    if (link !== undefined && !isPast(link.expires)) return { hash, link }
    throw new AuthorizationLinkError(
      `This link was used already, is older than ${linkMinutes} minutes, or was never valid. Ask for a new one.`,
    )
  }

  function isPast(time: string): boolean {
    return Date.parse(time) <= clock.now().getTime()
  }

  function inMinutes(minutes: number): string {
    return new Date(clock.now().getTime() + minutes * 60_000).toISOString()
  }

  async function write(records: readonly RecordChange[], cause: { kind: 'admin' | 'server'; id: string }) {
    await directory.commit({ cause, entries: [], records })
  }

  async function outdated(): Promise<readonly RecordChange[]> {
    const changes: RecordChange[] = []
    for await (const { key, value } of store.list('link')) {
      const link = trusted<AuthorizationLink>(value)
      if (link.kind === kind && isPast(link.expires) && (link.attempt === null || isPast(link.attempt.expires)))
        changes.push({ collection: 'link', key, value: undefined })
    }
    return changes
  }

  /** The link whose attempt this answer belongs to. The attempt ends with it, whatever becomes of the answer. */
  function takeAttempt(state: string, browserSecret: string) {
    return inLine(async () => {
      const hash = state.split('.')[0] ?? ''
      const link = /^[0-9a-f]{64}$/.test(hash) ? await liveLink(hash) : undefined
      const attempt = link?.attempt ?? undefined
      const isOurs =
        attempt !== undefined &&
        !isPast(attempt.expires) &&
        isSame(attempt.state, sha256(state)) &&
        isSame(attempt.browser, sha256(browserSecret))
      if (link === undefined || !isOurs)
        throw new AuthorizationLinkError(
          'This answer does not belong to an authorization that was begun in this browser within the last minutes. Open the link again.',
        )
      await write([linkRecord(hash, { ...link, attempt: null })], { kind: 'server', id: 'authorization answered' })
      return { hash, link }
    })
  }

  return {
    async create(provider, purposes, by) {
      accountsOf(provider)
      const token = randomBytes(24).toString('base64url')
      const expires = inMinutes(linkMinutes)
      const link: AuthorizationLink = { kind, provider, purposes, expires, attempt: null }
      await write([...(await outdated()), linkRecord(sha256(token), link)], { kind: 'admin', id: by })
      return { url: addressOf(token), expires, redirectUri }
    },
    async open(token) {
      const { provider, purposes } = (await usableLink(token)).link
      const accounts = accountsOf(provider)
      const name = options.config.providers.find(({ id }) => id === provider)?.name ?? provider
      return { provider, name, purposes, permissions: accounts.permissions(purposes), authority: accounts.authority }
    },
    begin: (token, signal) =>
      inLine(async () => {
        const { hash, link } = await usableLink(token)
        const state = `${hash}.${randomBytes(24).toString('base64url')}`
        const browserSecret = randomBytes(32).toString('base64url')
        const { nonce, verifier } = derived(browserSecret)
        const { provider, purposes } = link
        const address = await accountsOf(provider).address({ redirectUri, purposes, state, nonce, verifier }, signal)
        const attempt = { state: sha256(state), browser: sha256(browserSecret), expires: inMinutes(attemptMinutes) }
        await write([linkRecord(hash, { ...link, attempt })], { kind: 'server', id: 'authorization begun' })
        return { address, browserSecret }
      }),
    async complete({ state, browserSecret, ...answer }, signal) {
      const { hash, link } = await takeAttempt(state, browserSecret)
      const { provider, purposes } = link
      const request = { redirectUri, purposes, ...derived(browserSecret) }
      const account = await accountsOf(provider).complete(request, answer, signal)
      const authorization = await authorizations.add(provider, account, [linkRecord(hash, undefined)])
      return { ...authorization, provider }
    },
  }
}

/** Known to the browser that began alone: the store keeps neither, and nothing that they could be had from. */
function derived(browserSecret: string): { readonly nonce: string; readonly verifier: string } {
  const value = (name: string) => createHmac('sha256', browserSecret).update(name).digest('base64url')
  return { nonce: value('nonce'), verifier: value('verifier') }
}

function linkRecord(hash: string, value: AuthorizationLink | undefined): RecordChange {
  return { collection: 'link', key: [hash], value }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function isSame(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))
}
