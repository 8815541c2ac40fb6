import { compareSync, hashSync } from 'bcryptjs'

export type BcryptTask =
  | { readonly type: 'compare'; readonly password: string; readonly hash: string }
  | { readonly type: 'hash'; readonly password: string; readonly cost: number }

/** Runs in a worker thread: bcryptjs holds its thread for the whole of a hash. */
export default function bcryptTask(task: BcryptTask): boolean | string {
  return task.type === 'compare' ? compareSync(task.password, task.hash) : hashSync(task.password, task.cost)
}
