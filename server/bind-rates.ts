import type { BindRate } from '../admin-ui/admin/overview-services.ts'
import type { BindCounts } from './ldap-thread-messages.ts'
import type { Clock } from './runtime/clock.ts'

const minutes = 5
const keptHours = 3

export interface BindRates {
  /** Of the last hours, oldest first. */
  list(): readonly BindRate[]
  /** Looks every few minutes until the signal is aborted. */
  run(signal: AbortSignal): Promise<void>
}

/** How many binds there are in a minute; kept in memory. `counts` gives those since the start. */
export function createBindRates(parts: {
  readonly counts: () => Promise<BindCounts>
  readonly clock: Clock
  readonly onProblem: (error: unknown) => void
}): BindRates {
  const { counts, clock, onProblem } = parts
  const rates: BindRate[] = []
  let before: BindCounts = { accepted: 0, refused: 0 }

  async function look(): Promise<void> {
    const now = await counts()
    rates.push({
      at: clock.now().toISOString(),
      accepted: (now.accepted - before.accepted) / minutes,
      refused: (now.refused - before.refused) / minutes,
    })
    before = now
    if (rates.length > (keptHours * 60) / minutes) rates.shift()
  }

  return {
    list: () => [...rates],
    async run(signal) {
      for (;;) {
        await clock.sleep(minutes * 60_000, signal).catch(() => undefined)
        if (signal.aborted) return
        await look().catch(onProblem)
      }
    },
  }
}
