import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { escapeDnValue, normalizeDn } from '../../protocol/distinguished-name.ts'
import type { Identity } from '../access-control.ts'
import { type BindOrigin, type CheckResult, refused, right } from './bind-check.ts'

/** A service account of the configuration. */
export interface BinderAccount {
  readonly name: string
  readonly password: string
  readonly isAllowedFrom: (address: string) => boolean
  readonly requireTls: boolean
}

/** A binder that was found by its DN. */
export interface FoundBinder {
  readonly identity: Identity & { readonly kind: 'binder' }
  check(password: Uint8Array, origin: BindOrigin): CheckResult
}

/** Finds a binder by the normalized form of either of its DNs. */
export function createBinderChecks(
  binders: readonly BinderAccount[],
  suffix: string,
): { find(key: string): FoundBinder | undefined } {
  const macKey = randomBytes(32)
  const mac = (octets: Uint8Array) => createHmac('sha256', macKey).update(octets).digest()
  const byKey = new Map<string, FoundBinder>()
  for (const binder of binders) {
    const rdn = `cn=${escapeDnValue(binder.name)}`
    const dn = `${rdn},ou=services,${suffix}`
    const passwordMac = mac(Buffer.from(binder.password))
    const found: FoundBinder = {
      identity: { kind: 'binder', name: binder.name, dn },
      check(password, origin) {
        const matches = timingSafeEqual(mac(password), passwordMac)
        const refusal = refusalOf(binder, origin) ?? (matches ? undefined : 'wrong password')
        return refusal === undefined ? right('binder') : refused(refusal)
      },
    }
    byKey.set(normalizeDn(dn), found)
    byKey.set(normalizeDn(`${rdn},${suffix}`), found)
  }
  return { find: (key) => byKey.get(key) }
}

/** Why a binder may not sign in from there, however right its password. */
function refusalOf({ isAllowedFrom, requireTls }: BinderAccount, origin: BindOrigin): string | undefined {
  if (requireTls && !origin.isSecure) return 'this binder must use TLS'
  return isAllowedFrom(origin.address) ? undefined : 'this binder may not come from this address'
}
