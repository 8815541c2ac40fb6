import { ChangeRefused } from '../server/directory/credentials/change-refused.ts'
import { readPause } from './provider-pause.ts'
import type { RunReport } from './run-report.ts'
import { type HeldRecord, readHeld } from './settlement.ts'
import type { SyncDirectory } from './sync-directory.ts'
import type { SyncRunner } from './sync-run.ts'
import { descending } from '../server/runtime/order.ts'

/** The plan that was approved is not the plan any more; the new one waits to be looked at. */
export class StalePlanError extends Error {
  override readonly name = 'StalePlanError'
}

export interface HeldPlans {
  /** What waits for approval, discarded ones included. */
  show(): Promise<readonly HeldRecord[]>
  /** The newest with this hash (or its first 8 or more digits), or `latest`. Throws {@link StalePlanError}. */
  find(hash: string): Promise<HeldRecord>
  /** Applies exactly the held changes with this hash (or its first 8 or more digits). Throws {@link StalePlanError}, ChangeRefused. */
  approve(hash: string, by: string): Promise<RunReport>
  /** Keeps the changes held without asking again until they change. */
  discard(hash: string, by: string): Promise<void>
  /** Applies whatever is held of a provider that was removed, which is what its removal means. */
  withdraw(provider: string, by: string): Promise<RunReport>
}

export function createHeldPlans({
  runner,
  directory,
}: {
  readonly runner: SyncRunner
  readonly directory: SyncDirectory
}): HeldPlans {
  async function show(): Promise<readonly HeldRecord[]> {
    return [...(await readHeld(directory.store)).values()]
  }

  async function byHash(hash: string): Promise<HeldRecord> {
    const records = await show()
    if (records.length === 0) throw new StalePlanError('no changes are held')
    const found = records.filter((record) => hash === 'latest' || (hash.length >= 8 && record.hash.startsWith(hash)))
    const [newest] = found.sort(descending(({ since }) => since))
    if (newest === undefined) throw new StalePlanError(`no held changes have the hash "${hash}"; show the plan again`)
    return newest
  }

  return {
    show,
    find: byHash,
    async approve(hash, by) {
      const record = await byHash(hash)
      const pause = await readPause(directory.store, record.provider)
      if (pause !== undefined) throw new ChangeRefused(`${record.provider} is paused: ${pause.reason}; resume it first`)
      const { report, settlement } = await runner.settle(record.provider, `approve by ${by}`, { approved: record.hash })
      const other = settlement.held.find((held) => held.provider === record.provider)
      if (other === undefined) return await runner.apply(report, settlement, true)
      await runner.apply({ ...report, trigger: 'plan changed' }, settlement, false)
      throw new StalePlanError(
        `the held changes of ${record.provider} are others now (${other.hash.slice(0, 12)}); show the plan again and approve that`,
      )
    },
    async discard(hash, by) {
      const record = await byHash(hash)
      await directory.commit({
        cause: { kind: 'admin', id: by },
        entries: [],
        records: [{ collection: 'held', key: [record.provider], value: { ...record, discarded: true } }],
      })
    },
    async withdraw(provider, by) {
      const trigger = `removal by ${by}`
      const first = await runner.settle(provider, trigger, { isTolerant: true })
      const held = first.settlement.held.find((one) => one.provider === provider)
      if (held === undefined) return await runner.apply(first.report, first.settlement, false)
      const { report, settlement } = await runner.settle(provider, trigger, { approved: held.hash, isTolerant: true })
      return await runner.apply(report, settlement, true)
    },
  }
}
