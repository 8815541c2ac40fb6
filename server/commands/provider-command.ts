import type { Authorization } from '../../sync/authorizations.ts'
import type { NewAuthorizationLink } from '../../sync/authorization-links.ts'
import type { CredentialPurpose } from '../../sync/credential-health.ts'
import type { ProbeResult } from '../../sync/identity-provider.ts'
import { type ListedCredential, type ListedProvider, listProviders } from '../../sync/provider-list.ts'
import type { Workspace } from '../workspace.ts'
import { type Command, ExitCode } from './command.ts'

/** `rosterd provider list`: every provider with its credentials and how they fare. */
export const providerListCommand: Command<object, readonly ListedProvider[]> = {
  name: 'provider-list',
  execute: ({ config, providers, authorizations, directory: { store } }) =>
    listProviders(config, providers, { store, authorizations }),
  text: (providers) =>
    providers.length === 0 ? 'No provider is configured.\n' : providers.map(providerText).join('\n'),
  exitCode: () => ExitCode.ok,
}

function providerText({ id, type, name, credentials, takesAccounts }: ListedProvider): string {
  const lines = [`${id}: ${name} (${type})`, ...credentials.map(credentialText)]
  if (takesAccounts && !credentials.some(({ kind }) => kind === 'delegated'))
    lines.push(`  no account is authorized; "rosterd provider authorize ${id}" makes a link for one`)
  return `${lines.join('\n')}\n`
}

function credentialText(credential: ListedCredential): string {
  const { name, kind, purposes, authorizedBy, authorized, lastSuccess, ok, problem, expires } = credential
  const parts = [
    `${name}: ${kind} for ${purposes.join(' and ')}`,
    ...(authorizedBy === null ? [] : [`authorized by ${authorizedBy} ${authorized ?? ''}`.trim()]),
    lastSuccess === null ? 'no success yet' : `last success ${lastSuccess}`,
    ...(expires === null ? [] : [`ends ${expires}`]),
  ]
  return `  ${ok ? 'ok    ' : 'BROKEN'} ${parts.join(', ')}${problem === null ? '' : `\n         ${problem}`}`
}

export interface ProviderTestInput {
  /** Provider id; every provider when undefined. */
  readonly provider?: string | undefined
}

type TestedProbe = ProbeResult & { readonly provider: string }

/** `rosterd provider test`: each permission apart, with each credential. */
export const providerTestCommand: Command<ProviderTestInput, readonly TestedProbe[]> = {
  name: 'provider-test',
  async execute({ providers }, { provider }, _progress, signal) {
    const wanted = provider === undefined ? providers : [known(providers, provider)]
    const found: TestedProbe[] = []
    for (const one of wanted) for (const result of await one.test(signal)) found.push({ provider: one.id, ...result })
    return found
  },
  text: (results) =>
    results
      .map(({ provider, name, ok, message }) => `${ok ? 'ok  ' : 'FAIL'} ${provider}: ${name}: ${message}\n`)
      .join(''),
  exitCode: (results) => (results.every(({ ok }) => ok) ? ExitCode.ok : ExitCode.failed),
}

export interface ProviderAuthorizeInput {
  readonly provider: string
  readonly purposes: readonly CredentialPurpose[]
  readonly by: string
}

/** `rosterd provider authorize`: a one-time link with which an administrator authorizes an account. */
export const providerAuthorizeCommand: Command<ProviderAuthorizeInput, NewAuthorizationLink> = {
  name: 'provider-authorize',
  execute: ({ authorizationLinks }, { provider, purposes, by }) => authorizationLinks.create(provider, purposes, by),
  text: ({ url, expires, redirectUri }) =>
    `Open this link in a browser, or give it to the administrator who will authorize the account:\n\n  ${url}\n\n` +
    `It works once, until ${expires}. Redirect URI of the app registration: ${redirectUri}\n`,
  exitCode: () => ExitCode.ok,
}

export interface ProviderForgetInput {
  readonly provider: string
  readonly authorization: string
}

/** `rosterd provider forget`: removes the authorization of an account, and its tokens. */
export const providerForgetCommand: Command<ProviderForgetInput, Authorization> = {
  name: 'provider-forget',
  async execute({ providers, authorizations }, { provider, authorization }) {
    known(providers, provider)
    const forgotten = await authorizations.forget(provider, authorization)
    if (forgotten !== undefined) return forgotten
    const ids = (await authorizations.list(provider)).map(({ id, authorizedBy }) => `${id} (${authorizedBy})`)
    throw new Error(
      `provider "${provider}" has no authorization "${authorization}"; ${ids.length === 0 ? 'there is none' : `there are: ${ids.join(', ')}`}`,
    )
  },
  text: ({ authorizedBy }) =>
    `Forgotten. The permissions that ${authorizedBy} granted stay in the cloud until they are revoked there.\n`,
  exitCode: () => ExitCode.ok,
}

function known(providers: Workspace['providers'], id: string): Workspace['providers'][number] {
  const found = providers.find((provider) => provider.id === id)
  if (found !== undefined) return found
  throw new Error(
    `there is no provider "${id}"; configured are: ${providers.map((provider) => provider.id).join(', ')}`,
  )
}
