import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { messagesOfEvent } from '../sync/reporting/event-messages.ts'
import { outboxChanges } from '../sync/reporting/outbox.ts'
import type { Logger } from '../sync/logger.ts'
import type { ReportEvent } from '../sync/reporting/report-event.ts'
import { checkedBackup } from './backup.ts'
import type { Clock } from './runtime/clock.ts'
import type { Config } from './runtime/config-schema.ts'
import { timeInName } from './time-in-name.ts'
import type { Workspace } from './workspace.ts'

export interface ScheduledBackupParts {
  readonly workspace: Pick<Workspace, 'directory' | 'backup'> & {
    readonly config: Pick<Config, 'backup' | 'providers' | 'smtp' | 'notify' | 'organization' | 'admin'>
  }
  readonly clock: Clock
  readonly logger: Logger
}

const lookEveryMs = 15 * 60_000
const told = { collection: 'meta', key: ['backupFailing'] } as const

/** Makes a backup whenever one is due, from now on until the signal is aborted. Settings are read at every look. */
export async function runScheduledBackups(parts: ScheduledBackupParts, signal: AbortSignal): Promise<void> {
  const { clock, logger } = parts
  while (!signal.aborted) {
    await backUpWhenDue(parts).catch((error: unknown) => logger.error({ err: error }, 'a backup could not be reported'))
    await clock.sleep(lookEveryMs, signal).catch(() => undefined)
  }
}

/** One look. What goes wrong is logged, and reported once until it goes well again. */
export async function backUpWhenDue(parts: ScheduledBackupParts): Promise<void> {
  const { workspace, clock, logger } = parts
  const { directory, everyHours, keep } = workspace.config.backup
  if (directory === null) return
  const now = clock.now()
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 })
    const names = await readdir(directory)
    const before = backupsAmong(names)
    for (const name of names) if (partPattern.test(name)) await rm(join(directory, name))
    if (!isDue(before, everyHours, now)) return
    const file = join(directory, nameAt(now))
    await workspace.backup(file, { replace: true })
    await checkedBackup(file).catch(async (error: unknown) => {
      // It would count as the newest.
      await rm(file, { force: true })
      throw error
    })
    for (const name of before.slice(0, Math.max(0, before.length + 1 - keep))) await rm(join(directory, name))
    logger.info({ file }, 'backup made')
    await tell(parts, { type: 'backup.recovered', provider: null, file })
  } catch (error) {
    logger.error({ err: error }, 'scheduled backup failed')
    const problem = error instanceof Error ? error.message : String(error)
    await tell(parts, { type: 'backup.failing', provider: null, directory, problem })
  }
}

const pattern = /^rosterd-(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-\d{3}Z)\.backup$/
/** One that was cut off by the end of the process. */
const partPattern = /^rosterd-\d{4}-[\dTZ-]+\.backup\.[0-9a-f-]{36}\.part$/

function nameAt(time: Date): string {
  return `rosterd-${timeInName(time)}.backup`
}

/** Those made by schedule, oldest first. */
function backupsAmong(names: readonly string[]): readonly string[] {
  return names.filter((name) => pattern.test(name)).toSorted()
}

/** Those of a time to come do not count: the clock was set back. */
function isDue(names: readonly string[], everyHours: number, now: Date): boolean {
  const newest = names.findLast((name) => name <= nameAt(now))
  return newest === undefined || newest <= nameAt(new Date(now.getTime() - everyHours * 3_600_000))
}

async function tell(
  { workspace: { directory, config }, clock, logger }: ScheduledBackupParts,
  event: ReportEvent & { readonly type: 'backup.failing' | 'backup.recovered' },
): Promise<void> {
  const isFailing = event.type === 'backup.failing'
  await directory.commitFrom(async () => {
    const isTold = (await directory.store.get(told.collection, told.key)) !== undefined
    if (isTold === isFailing) return undefined
    const messages = messagesOfEvent(event, config, clock.now())
    return {
      cause: { kind: 'server', id: 'report' },
      entries: [],
      records: [
        { ...told, value: isFailing ? clock.now().toISOString() : undefined },
        ...(await outboxChanges(messages, { store: directory.store, clock, logger })),
      ],
    }
  })
}
