import { createHmac, randomBytes } from 'node:crypto'
import type { Clock } from '../../server/runtime/clock.ts'
import type { ProviderCheck } from '../../server/directory/authentication/sign-in-services.ts'
import type { PasswordVerdict } from '../password-verdict.ts'
import { steadyTime } from '../steady-time.ts'

/** A password to ask about. */
export interface Question {
  readonly entryUUID: string
  /** Changes whenever earlier answers say nothing any more: another source, or a change of the password upstream. */
  readonly version: string
  readonly password: string
  readonly address: string
}

type Answer = Extract<ProviderCheck, { outcome: 'wrong' | 'refused' | 'unavailable' }>

/**
 * What was found out about passwords a short time ago, so that the cloud is not asked again and again: each wrong attempt
 * counts towards a lock-out there, and some orgs never forget one. Of passwords only MACs are kept, with a key that no
 * disk has.
 */
export interface AnswerMemory {
  /** The answer without asking; undefined: ask. */
  recall(question: Question): Answer | undefined
  /** Counts the question as one that may turn out wrong, until it is answered. */
  asked(question: Question): void
  answered(question: Question, verdict: PasswordVerdict): void
  /** Whether it is the last password that was right. Nobody is remembered to have had one afterwards. */
  forgetRight(question: Question, which: 'this' | 'any'): boolean
}

const minuteMs = 60_000
const hourMs = 60 * minuteMs
/** How long a wrong password is not asked about again: at first, and so many times as long each time it still is wrong. */
const wrongForMs = 5 * minuteMs
const wrongGrowth = 4
const wrongForAtMostMs = 7 * 24 * hourMs
/** A refusal depends on policies, which are changed while somebody waits. */
const refusedForMs = minuteMs
/**
 * Questions about a person that were sent and not answered in time may count there as well, such as at a slow domain behind
 * Okta: after the second one the next waits, and longer each time.
 */
const lateAtOnce = 2
const lateForMs = 2 * minuteMs
const lateGrowth = 4
const lateForAtMostMs = 30 * minuteMs
/**
 * Wrong passwords of one person since the last right one: domains lock after five within half an hour, Entra ID and Okta
 * after ten, and Okta does not forget them by itself.
 */
const wrongLimits = [
  { most: 4, withinMs: 30 * minuteMs, text: '4 wrong passwords within half an hour' },
  { most: 8, withinMs: 24 * hourMs, text: '8 wrong passwords within a day' },
]
const wrongTimesKept = Math.max(...wrongLimits.map(({ most }) => most))
const rememberedOfOne = 8
const longestStepMs = 24 * hourMs

interface Person {
  version: string
  /** By MAC: questions under way. */
  readonly pending: Map<string, number>
  /** When the cloud said of a password that it is wrong, oldest first. */
  wrongAt: number[]
  right: string | undefined
  /** Questions in a row that were not answered in time, and until when none is asked. */
  late: { readonly count: number; readonly until: number }
  /** By MAC. */
  readonly wrong: Map<string, { readonly reason: string; readonly waitMs: number; readonly until: number }>
  /** By MAC and address. */
  readonly refused: Map<string, { readonly reason: string; readonly until: number }>
}

/** `people`: so many are remembered; the one who was asked about longest ago goes first. */
export function createAnswerMemory(clock: Pick<Clock, 'now'>, people = 20_000): AnswerMemory {
  const time = steadyTime(clock, longestStepMs)
  const key = randomBytes(32)
  const byEntry = new Map<string, Person>()
  const macOf = ({ entryUUID, password }: Question) =>
    createHmac('sha256', key).update(`${entryUUID}\0`).update(password).digest('base64')

  function personOf({ entryUUID, version }: Question): Person {
    const known = byEntry.get(entryUUID)
    const person = known?.version === version ? known : { ...nobody(version), pending: known?.pending ?? new Map() }
    byEntry.delete(entryUUID)
    byEntry.set(entryUUID, person)
    for (const oldest of byEntry.keys()) {
      if (byEntry.size <= people) break
      byEntry.delete(oldest)
    }
    return person
  }

  return {
    recall(question) {
      const now = time()
      const person = personOf(question)
      const mac = macOf(question)
      const wrong = person.wrong.get(mac)
      if (wrong !== undefined && wrong.until > now) return { outcome: 'wrong', reason: `${wrong.reason}; asked before` }
      const refused = person.refused.get(`${mac}${question.address}`)
      if (refused !== undefined && refused.until > now)
        return { outcome: 'refused', reason: `${refused.reason}; asked before` }
      if (person.late.until > now)
        return { outcome: 'unavailable', reason: `not asked: ${person.late.count} questions were not answered in time` }
      const others = [...person.pending.keys()].filter((other) => other !== mac).length
      const reached = wrongLimits.find(
        ({ most, withinMs }) => person.wrongAt.filter((at) => now - at < withinMs).length + others >= most,
      )
      if (reached === undefined || person.right === mac) return undefined
      return { outcome: 'refused', reason: `not asked: ${reached.text}, and more would lock the account there` }
    },
    asked(question) {
      const { pending } = personOf(question)
      const mac = macOf(question)
      pending.set(mac, (pending.get(mac) ?? 0) + 1)
    },
    answered(question, verdict) {
      const now = time()
      const person = personOf(question)
      const mac = macOf(question)
      const stillPending = (person.pending.get(mac) ?? 1) - 1
      if (stillPending > 0) person.pending.set(mac, stillPending)
      else person.pending.delete(mac)
      if (verdict.outcome !== 'unavailable') person.late = notLate
      switch (verdict.outcome) {
        case 'right':
          person.right = mac
          person.wrongAt = []
          person.wrong.delete(mac)
          break
        case 'wrong': {
          const waitMs = Math.min(
            (person.wrong.get(mac)?.waitMs ?? wrongForMs / wrongGrowth) * wrongGrowth,
            wrongForAtMostMs,
          )
          person.wrongAt = [...person.wrongAt, now].slice(-wrongTimesKept)
          person.wrong.delete(mac)
          person.wrong.set(mac, { reason: verdict.reason, waitMs, until: now + waitMs })
          break
        }
        case 'refused':
          person.refused.set(`${mac}${question.address}`, { reason: verdict.reason, until: now + refusedForMs })
          break
        case 'unavailable':
          if (verdict.isLate) person.late = laterThan(person.late, now)
          break
        default:
          verdict satisfies never
      }
      for (const answers of [person.wrong, person.refused])
        for (const oldest of answers.keys()) if (answers.size > rememberedOfOne) answers.delete(oldest)
    },
    forgetRight(question, which) {
      const person = personOf(question)
      const isForgotten = person.right !== undefined && (which === 'any' || person.right === macOf(question))
      if (isForgotten) person.right = undefined
      return isForgotten
    },
  }
}

function nobody(version: string): Person {
  return {
    version,
    pending: new Map(),
    wrongAt: [],
    right: undefined,
    late: notLate,
    wrong: new Map(),
    refused: new Map(),
  }
}

const notLate = { count: 0, until: 0 }

function laterThan({ count }: Person['late'], now: number): Person['late'] {
  const waitMs = count + 1 < lateAtOnce ? 0 : lateForMs * lateGrowth ** (count + 1 - lateAtOnce)
  return { count: count + 1, until: now + Math.min(waitMs, lateForAtMostMs) }
}
