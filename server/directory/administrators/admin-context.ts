import type { Clock } from '../../runtime/clock.ts'
import type { Config } from '../../runtime/config-schema.ts'
import type { AdminHashes } from './admin-hashes.ts'
import { ChangeRefused } from '../credentials/change-refused.ts'
import type { Directory } from '../directory.ts'
import type { RecordChange } from '../directory-store.ts'
import type { SealedRecords } from '../sealed-records.ts'
import { type AdminAction, type AdminActor, adminActionChange } from './admin-actions.ts'

/** What changes of administrators are made with, in the thread that has the store. */
export interface AdminContext {
  readonly directory: Pick<Directory, 'store' | 'commitFrom'>
  readonly sealed: SealedRecords
  readonly hashes: AdminHashes
  readonly clock: Pick<Clock, 'now'>
  readonly logger: { info(fields: object, event: string): void }
  readonly config: Pick<Config, 'organization' | 'passwords'> & {
    readonly admin: Pick<Config['admin'], 'publicUrl' | 'oidc'>
  }
}

export interface AdminChange {
  readonly records: readonly RecordChange[]
  readonly action: Pick<AdminAction, 'event' | 'subject' | 'before' | 'after'>
}

/** Commits what `decide` makes of the state it is written onto, with its line in the audit, and logs it. False when it decides on nothing. */
export async function changeAsAdmin(
  { directory, clock, logger }: Pick<AdminContext, 'directory' | 'clock' | 'logger'>,
  by: AdminActor,
  decide: () => Promise<AdminChange | undefined>,
): Promise<boolean> {
  let action: AdminAction | undefined
  await directory.commitFrom(async () => {
    if (by.mayStill !== undefined && !(await by.mayStill()))
      throw new ChangeRefused('You were signed out meanwhile, or may not do this any more.')
    const change = await decide()
    if (change === undefined) return undefined
    action = { time: clock.now().toISOString(), by: by.name, address: by.address, ...change.action }
    return {
      cause: { kind: 'admin', id: by.name },
      entries: [],
      records: [...change.records, adminActionChange(action)],
    }
  })
  if (action === undefined) return false
  const { event, subject, address } = action
  logger.info({ by: `admin:${by.name}`, address, subject }, event)
  return true
}
