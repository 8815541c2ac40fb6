import { isDeepStrictEqual } from 'node:util'
import type { Entry } from '../server/directory/entry.ts'
import type { Config, ProviderConfig } from '../server/runtime/config-schema.ts'
import type { Decision } from './candidates.ts'
import type { IdentityKind } from './ledgers.ts'
import { type ReportedChange, reportChange } from './run-report.ts'
import type { Settlement } from './settlement.ts'

/** People or groups that are not served for one and the same reason. */
export interface LeftOut {
  readonly status: Decision['status']
  readonly rule: string
  readonly reason: string
  readonly count: number
  /** The first few, by immutable id and the name at the provider. */
  readonly examples: readonly { readonly id: string; readonly name: string }[]
}

export interface KindPreview {
  readonly served: number
  /** The most frequent reason first. */
  readonly leftOut: readonly LeftOut[]
}

export interface ProviderPreview {
  readonly provider: string
  readonly users: KindPreview
  readonly groups: KindPreview
  /** Who gets another name than wished, and why. */
  readonly clashes: readonly { readonly name: string; readonly note: string }[]
  /** What cannot be seen from what was last read. */
  readonly caveats: readonly string[]
}

/** What other settings would do to what was last read; nothing is read or written for it. */
export interface Preview {
  readonly providers: readonly ProviderPreview[]
  readonly changes: readonly ReportedChange[]
  /** Changes that would wait for approval; they are not among `changes`. */
  readonly held: readonly {
    readonly provider: string
    readonly reasons: readonly string[]
    readonly changes: readonly ReportedChange[]
  }[]
  /** What waits because its provider is paused; not among `changes` either. */
  readonly waiting: readonly ReportedChange[]
  /** The person or group that was asked for, now and then. */
  readonly person: Previewed | undefined
}

export interface Previewed {
  readonly before: Entry | undefined
  readonly after: Entry | undefined
  /** What would be decided on it and why; undefined for an entry of a file. */
  readonly decision: Decision | undefined
}

const maxExamples = 5

export async function previewOf(
  settlement: Settlement,
  now: Config,
  then: Config,
  isRead: (provider: string) => boolean,
  nameOf: (provider: string, kind: IdentityKind, id: string) => Promise<string>,
): Promise<Omit<Preview, 'person'>> {
  const { desired, changes, held, pausedChanges } = settlement
  const decisions = [...desired.decisions].map(([key, decision]) => {
    const [provider = '', kind = '', id = ''] = key.split('\0')
    return { provider, kind: kind as IdentityKind, id, decision }
  })
  const kindOf = async (provider: string, kind: IdentityKind): Promise<KindPreview> => {
    const own = decisions.filter((one) => one.provider === provider && one.kind === kind)
    const refused = own.filter(({ decision }) => decision.status !== 'active')
    const reasons = Map.groupBy(refused, ({ decision: { status, rule, reason } }) => [status, rule, reason].join('\0'))
    const leftOut: LeftOut[] = []
    for (const same of reasons.values()) {
      const [first] = same
      if (first === undefined) continue
      const { status, rule, reason } = first.decision
      const some = same.slice(0, maxExamples)
      const examples = await Promise.all(some.map(async ({ id }) => ({ id, name: await nameOf(provider, kind, id) })))
      leftOut.push({ status, rule, reason, count: same.length, examples })
    }
    return { served: own.length - refused.length, leftOut: leftOut.sort((a, b) => b.count - a.count) }
  }
  const providers: ProviderPreview[] = []
  for (const settings of then.providers) {
    if (settings.type === 'ldif') continue
    providers.push({
      provider: settings.id,
      users: await kindOf(settings.id, 'user'),
      groups: await kindOf(settings.id, 'group'),
      clashes: decisions.flatMap(({ provider, decision: { name, note } }) =>
        provider === settings.id && name !== null && note !== null ? [{ name, note }] : [],
      ),
      caveats: caveatsOf(
        now.providers.find(({ id }) => id === settings.id),
        settings,
        isRead(settings.id),
      ),
    })
  }
  return {
    providers,
    changes: changes.map(reportChange),
    held: held.map((one) => ({ provider: one.provider, reasons: one.reasons, changes: one.changes.map(reportChange) })),
    waiting: pausedChanges.map(reportChange),
  }
}

/** Settings that decide what is asked for, so that their effect shows only after the next read of everything. */
function caveatsOf(now: ProviderConfig | undefined, then: ProviderConfig, isRead: boolean): readonly string[] {
  if (!isRead) return ['it has never been read: run "rosterd sync --dry-run" to see what it holds']
  if (now === undefined || now.type === 'ldif' || then.type === 'ldif') return []
  const asked = ({ users, groups, attributes, usernameAttribute }: typeof now) => ({
    users,
    groups,
    attributes,
    usernameAttribute,
  })
  return isDeepStrictEqual(asked(now), asked(then))
    ? []
    : [
        'what is asked for changes: the next run reads everything, and fields that were not asked for before are empty here',
      ]
}
