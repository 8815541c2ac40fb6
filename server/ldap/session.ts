import { anonymous, type Identity } from '../directory/access-control.ts'

/** What operations know of a connection: who is bound, and how the client is reached. */
export interface Session {
  /** Counts up from 1 in a process; ties log lines together. */
  readonly id: number
  readonly remoteAddress: string
  readonly isLoopback: boolean
  /** TLS is in place. */
  isSecure: boolean
  identity: Identity
  /** Id of the credential that the bind was right with. */
  credential: string | undefined
  /**
   * Who has signed in with a password that is good for nothing but to set another one. Until that is done nothing else is
   * answered, and `identity` is anonymous.
   */
  passwordChanger: (Identity & { readonly kind: 'user' }) | undefined
  /** Name of the binder that was bound here last: the service that lets its users sign in. */
  lastBinder: string | undefined
}

/** A client that has sent nothing yet. */
export function newSession(client: Pick<Session, 'id' | 'remoteAddress' | 'isLoopback' | 'isSecure'>): Session {
  return { ...client, identity: anonymous, credential: undefined, passwordChanger: undefined, lastBinder: undefined }
}

/** What turns are shared out by: who is bound or, where nobody is, the address. */
export function turnKey({ identity, remoteAddress }: Session): string {
  return identity.kind === 'anonymous' ? remoteAddress : identity.dn
}

export function describeIdentity(identity: Identity): string {
  return identity === anonymous || identity.kind === 'anonymous' ? 'anonymous' : identity.dn
}
