import type { CloudProviderConfig, ProviderConfig } from '../server/runtime/config-schema.ts'
import type { CursorRecord } from './mirror.ts'

/** Why everything is read although changes would do; undefined when they do. */
export function whyFull(
  asked: boolean,
  cursor: CursorRecord | undefined,
  config: ProviderConfig,
  now: Date,
): string | undefined {
  if (asked) return 'asked for'
  if (cursor === undefined) return 'first run'
  if (cursor.token === null || config.type === 'ldif') return 'changes cannot be told'
  return isFullDue(cursor, config, now) ? `every ${config.schedule.fullHours} hours` : undefined
}

/** Deltas lie now and then, so everything is read again after a while; also when the clock was set back. */
function isFullDue({ lastFullRun }: CursorRecord, { schedule }: CloudProviderConfig, now: Date): boolean {
  const ageMs = now.getTime() - Date.parse(lastFullRun)
  return !(ageMs >= 0 && ageMs < schedule.fullHours * 3_600_000)
}
