import { hashSync } from 'bcryptjs'
import { readStoredPassword } from './password-hash.ts'

export type BcryptTask =
  | { readonly type: 'compare'; readonly password: Uint8Array; readonly hash: string }
  | { readonly type: 'hash'; readonly password: string; readonly cost: number }

/** Runs in a worker thread, which a hash holds from beginning to end. */
export default function bcryptTask(task: BcryptTask): boolean | string {
  if (task.type === 'hash') return hashSync(task.password, task.cost)
  const stored = readStoredPassword(task.hash)
  return stored.kind !== 'unusable' && stored.matches(task.password)
}
