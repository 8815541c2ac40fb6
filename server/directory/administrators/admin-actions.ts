import type { Json, RecordChange, RecordReader } from '../directory-store.ts'

/** Who does something as an administrator. */
export interface AdminActor {
  readonly name: string
  /** Address of the browser; null: on the command line of the server. */
  readonly address: string | null
  /** Asked when it is written, in the line of commits: it may read and not commit. False: ChangeRefused. */
  readonly mayStill?: () => Promise<boolean>
}

/** Something that was done by an administrator: value of the `audit` collection at ['admin', time and a number that grows]. */
export type AdminAction = {
  /** ISO 8601, UTC. */
  readonly time: string
  readonly by: string
  /** null: on the command line. */
  readonly address: string | null
  /** Short and stable, such as "administrator created". */
  readonly event: string
  /** To whom or what it was done, by name. */
  readonly subject: string
  /** What changed, and no secret: "set" stands for one. null: there was nothing, or is nothing any more. */
  readonly before: Json
  readonly after: Json
}

const prefix = 'admin'

/** Latest first. */
export async function adminActions(store: RecordReader, limit = 100): Promise<readonly AdminAction[]> {
  const actions: AdminAction[] = []
  for await (const { value } of store.list('audit', [prefix])) {
    actions.unshift(value as AdminAction) // written below
    if (actions.length > limit) actions.pop()
  }
  return actions
}

/** The change that records an action. To be committed with what was done. */
export function adminActionChange(action: AdminAction): RecordChange {
  // In the order in which they were done, also within a millisecond.
  const key = [prefix, `${action.time} ${String(process.hrtime.bigint()).padStart(20, '0')}`]
  return { collection: 'audit', key, value: action }
}

/** Removes actions from before that time (ISO 8601). */
export async function outdatedAdminActions(
  store: Pick<RecordReader, 'list'>,
  before: string,
): Promise<readonly RecordChange[]> {
  const outdated: RecordChange[] = []
  for await (const { key } of store.list('audit', [prefix])) {
    if ((key[1] ?? '') >= before) break // the oldest come first
    outdated.push({ collection: 'audit', key, value: undefined })
  }
  return outdated
}
