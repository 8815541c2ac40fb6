import type { AdminAction, AdminActor } from './admin-actions.ts'
import { type AdminContext, changeAsAdmin } from './admin-context.ts'

/** What the record says of something that is done. */
export type RecordedAction = Pick<AdminAction, 'event' | 'subject' | 'before' | 'after'>

/**
 * Does something that is no single commit, such as a sync run, in the name of an administrator. That it was asked for is
 * in the record before it begins, so that nothing is done without; and, once it has failed, that it did. Refuses who may
 * not any more.
 */
export async function actAsAdmin<T>(
  context: Pick<AdminContext, 'directory' | 'clock' | 'logger'>,
  by: AdminActor,
  action: RecordedAction,
  work: () => Promise<T>,
): Promise<T> {
  await changeAsAdmin(context, by, async () => ({ records: [], action }))
  try {
    return await work()
  } catch (error) {
    const after = error instanceof Error ? error.message : String(error)
    // Also of somebody who has been signed out since: it was begun before.
    await changeAsAdmin(context, { name: by.name, address: by.address }, async () => ({
      records: [],
      action: { ...action, event: `${action.event}: failed`, after },
    }))
    throw error
  }
}
