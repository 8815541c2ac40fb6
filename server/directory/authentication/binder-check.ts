import { timingSafeEqual } from 'node:crypto'
import { type BindOrigin, type CheckResult, refused, right } from './bind-check.ts'
import { type Binder, secretHash } from './binder-registry.ts'

/** Looks at the secret of a service account. Each of its secrets is compared, whichever is right. */
export function checkBinder(binder: Binder, password: Uint8Array, origin: BindOrigin, nowMs: number): CheckResult {
  const hash = secretHash(password)
  const matching = binder.secrets.filter(({ sha256 }) => timingSafeEqual(hash, sha256))
  if (binder.requireTls && !origin.isSecure) return refused('this binder must use TLS')
  if (!binder.isAllowedFrom(origin.address)) return refused('this binder may not come from this address')
  const valid = matching.find(({ endsAtMs }) => endsAtMs > nowMs)
  if (valid !== undefined) return right(valid.id)
  return refused(matching.length > 0 ? 'this secret of the binder has ended' : 'wrong password')
}
