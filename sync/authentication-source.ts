import type { SignIn } from './identity.ts'
import type { Linked } from './ledgers.ts'

/** A source user of a person, there or gone. */
export interface PersonSource {
  readonly provider: string
  readonly id: string
  /** undefined: the one that authenticates the person unless an administrator confirmed others. */
  readonly linked: Linked | undefined
  /** What the provider says; undefined when it no longer has the record. */
  readonly signIn: SignIn | undefined
}

export type AuthenticationSource =
  | { readonly allowed: true; readonly provider: string; readonly id: string }
  | { readonly allowed: false; readonly reason: string }

/**
 * Which source may check a person's password, of their sources in provider order: the owner, or one an administrator
 * has confirmed, whichever comes first. A link made by matching fields never is a way to sign in, also when the owner is
 * gone; nor does another source step in where the provider blocks the sign-in.
 */
export function authenticationSource(sources: readonly PersonSource[]): AuthenticationSource {
  const entitled = sources.filter(isEntitled)
  const chosen = entitled.find(({ signIn }) => signIn !== undefined)
  if (chosen?.signIn !== undefined)
    return chosen.signIn.allowed
      ? { allowed: true, provider: chosen.provider, id: chosen.id }
      : { allowed: false, reason: `${labelOf(chosen)}: ${chosen.signIn.reason}` }
  const gone = entitled.length === 0 ? 'the source that checks the password' : entitled.map(labelOf).join(', ')
  const waiting = sources.find(({ signIn, linked }) => signIn?.allowed && linked === 'automatic')
  const advice = waiting === undefined ? '' : `; "rosterd link confirm ${labelOf(waiting)} …" entitles that one`
  return { allowed: false, reason: `${gone} is gone${advice}` }
}

/**
 * Why a source cannot vouch for the person after a sign-in at its provider; undefined when it can. Unlike a password, that
 * sign-in says which source it is of: any entitled one will do, as long as nobody blocks the sign-in who has the first say.
 */
export function whyNotVouching(
  sources: readonly PersonSource[],
  isOfSignIn: (source: PersonSource) => boolean,
): string | undefined {
  const source = sources.find(isOfSignIn)
  if (source === undefined) return 'the identity is not one of the person any more'
  if (!isEntitled(source)) return `${labelOf(source)} is linked by matching fields alone, and nobody has confirmed it`
  if (source.signIn === undefined) return `${labelOf(source)} is gone`
  if (!source.signIn.allowed) return `${labelOf(source)}: ${source.signIn.reason}`
  const first = authenticationSource(sources)
  return first.allowed ? undefined : first.reason
}

function isEntitled({ linked }: PersonSource): boolean {
  return linked !== 'automatic'
}

function labelOf({ provider, id }: PersonSource): string {
  return `${provider}:${id}`
}
