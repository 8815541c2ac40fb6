import type { Clock } from '../../server/runtime/clock.ts'
import type { Logger } from '../logger.ts'
import { type PasswordVerdict, unavailable } from '../password-verdict.ts'
import { steadyTime } from '../steady-time.ts'

/** Spares a cloud that is down, and those who would wait for it: one question at times finds out whether it is back. */
export interface OutageGuard {
  /** Asks, or answers that the cloud was unavailable just now. */
  ask(entryUUID: string, question: () => Promise<PasswordVerdict>): Promise<PasswordVerdict>
}

/**
 * So many people in a row about whom nothing could be found out: one alone may be throttled, or type what breaks the
 * question.
 */
const peopleFailed = 3
const firstPauseMs = 5000
const longestPauseMs = 60_000

export interface OutageGuardParts {
  readonly clock: Pick<Clock, 'now'>
  readonly logger: Pick<Logger, 'info' | 'warn'>
  /** Hears when questions are stopped, by which answer. */
  readonly onOutage: (verdict: Failure) => void
}

type Failure = Extract<PasswordVerdict, { outcome: 'unavailable' }>

export function createOutageGuard(provider: string, { clock, logger, onOutage }: OutageGuardParts): OutageGuard {
  const time = steadyTime(clock, longestPauseMs)
  const failed = new Set<string>()
  let outage: { reason: string; pauseMs: number; until: number; isTried: boolean } | undefined

  function ended(): void {
    failed.clear()
    if (outage !== undefined) logger.info({ provider }, 'passwords are checked again')
    outage = undefined
  }

  function failedFor(entryUUID: string, verdict: Failure, isTrial: boolean): void {
    const { reason } = verdict
    failed.add(entryUUID)
    if (outage === undefined) {
      if (failed.size < peopleFailed) return
      outage = { reason, pauseMs: firstPauseMs, until: time() + firstPauseMs, isTried: false }
      logger.warn({ provider, reason }, 'passwords cannot be checked')
      onOutage(verdict)
    } else if (isTrial) {
      const pauseMs = Math.min(outage.pauseMs * 2, longestPauseMs)
      outage = { reason, pauseMs, until: time() + pauseMs, isTried: false }
    }
  }

  return {
    async ask(entryUUID, question) {
      if (outage !== undefined && (outage.isTried || time() < outage.until))
        return unavailable(`${outage.reason}; not asked again so soon`)
      const isTrial = outage !== undefined
      if (outage !== undefined) outage.isTried = true
      const verdict = await question()
      if (verdict.outcome === 'unavailable') failedFor(entryUUID, verdict, isTrial)
      else ended()
      return verdict
    },
  }
}
