import type { Identity } from '../access-control.ts'
import type { ServedDirectory } from '../served-directory.ts'
import { statusRefusal } from './account-status.ts'
import type { BinderRegistry } from './binder-registry.ts'

export interface StandingOptions {
  readonly directory: ServedDirectory
  readonly binders: Pick<BinderRegistry, 'named'>
  readonly now: () => Date
}

/**
 * Why a connection may not go on as who it is bound as, having signed in with `credential`; undefined while it may. Cheap: it
 * is asked before every operation.
 */
export type StandingCheck = (identity: Identity, credential: string | undefined) => string | undefined

export function createStandingCheck({ directory, binders, now }: StandingOptions): StandingCheck {
  function ofBinder(name: string, credential: string | undefined): string | undefined {
    const binder = binders.named(name)
    if (binder === undefined) return 'the binder is gone'
    const secret = binder.secrets.find(({ id }) => id === credential)
    return secret !== undefined && secret.endsAtMs > now().getTime() ? undefined : 'this secret of the binder has ended'
  }

  function ofPerson(entryUUID: string, credential: string | undefined): string | undefined {
    const status = statusRefusal(directory, entryUUID, now())
    if (status !== undefined || credential === undefined || credential === 'provider') return status
    const record = directory.credentials.credential(entryUUID, credential)
    if (record === undefined) return 'what was signed in with has been taken away'
    return record.kind === 'directory' && record.mustChange ? 'the password has to be changed first' : undefined
  }

  return (identity, credential) => {
    switch (identity.kind) {
      case 'anonymous':
        return undefined
      case 'binder':
        return ofBinder(identity.name, credential)
      case 'user':
        return ofPerson(identity.entryUUID, credential)
      default:
        return identity satisfies never
    }
  }
}
