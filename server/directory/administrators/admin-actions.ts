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
const keptDays = 400

/** Latest first. */
export async function adminActions(store: RecordReader, limit = 100): Promise<readonly AdminAction[]> {
  const actions: AdminAction[] = []
  for await (const { value } of store.list('audit', [prefix])) {
    actions.unshift(value as AdminAction) // written below
    if (actions.length > limit) actions.pop()
  }
  return actions
}

/** The changes that record an action, and forget those that are too old. To be committed with what was done. */
export async function adminActionChanges(store: RecordReader, action: AdminAction): Promise<readonly RecordChange[]> {
  const oldest = new Date(Date.parse(action.time) - keptDays * 24 * 3_600_000).toISOString()
  const outdated: RecordChange[] = []
  for await (const { key } of store.list('audit', [prefix])) {
    if ((key[1] ?? '') >= oldest) break // the oldest come first
    outdated.push({ collection: 'audit', key, value: undefined })
  }
  // In the order in which they were done, also within a millisecond.
  const key = [prefix, `${action.time} ${String(process.hrtime.bigint()).padStart(20, '0')}`]
  return [...outdated, { collection: 'audit', key, value: action }]
}
