import type {
  ProviderCheck,
  ProviderCheckRequest,
  SignInServices,
} from '../../server/directory/authentication/sign-in-services.ts'
import { type PasswordVerdict, unavailable } from '../password-verdict.ts'
import { createAnswerMemory, type Question } from './answer-memory.ts'
import { createFailureReport, type FailureReportParts } from './failure-report.ts'
import { type AskedPerson, createKeptPasswords, isBusy, type KeptPasswordsParts } from './kept-passwords.ts'
import { createOutageGuard, type OutageGuard } from './outage-guard.ts'
import { passwordSource, type PasswordSource, type PasswordSourceParts } from './password-source.ts'

/** What the provider said last of a person's password. */
export type LastAnswer = Exclude<ProviderCheck, { outcome: 'not-asked' }> & {
  /** ISO 8601. */
  readonly time: string
}

/** Sign-in with the password of the cloud. */
export interface PassThrough extends Pick<SignInServices, 'checkAtProvider'>, AsyncDisposable {
  /** undefined: not asked lately, or before the last start. */
  lastAnswer(entryUUID: string): LastAnswer | undefined
  /** Resolves when what follows from the answers so far is written. */
  idle(): Promise<void>
}

export interface PassThroughParts extends PasswordSourceParts, KeptPasswordsParts, FailureReportParts {
  readonly directory: PasswordSourceParts['directory'] & KeptPasswordsParts['directory']
  readonly config: KeptPasswordsParts['config'] & FailureReportParts['config']
  /** Hears of every answer: of the provider, or `spared` when it was not asked. */
  readonly onAnswer?: (provider: string, outcome: PasswordVerdict['outcome'] | 'spared') => void
}

type Asked = Extract<PasswordSource, { type: 'provider' }>

/** No cloud takes longer ones. */
const longestPassword = 512
const lastAnswersKept = 10_000

export function createPassThrough(parts: PassThroughParts): PassThrough {
  const { providers, clock, logger } = parts
  const memory = createAnswerMemory(clock)
  const kept = createKeptPasswords(parts)
  const report = createFailureReport(parts)
  const guards = new Map(
    providers.map(({ id }) => [
      id,
      createOutageGuard(id, { clock, logger, onOutage: (verdict) => onOutage(id, verdict) }),
    ]),
  )
  const lastAnswers = new Map<string, LastAnswer>()
  /** Mistakes of the set-up that were logged, by provider. */
  const mistakes = new Map<string, string>()
  /** The same question, asked while the first waits for its answer, waits for the same answer. */
  const underWay = new Map<string, Promise<ProviderCheck>>()
  const afterwards = new Set<Promise<void>>()
  const stopping = new AbortController()

  async function checkAtProvider(request: ProviderCheckRequest): Promise<ProviderCheck> {
    const { entryUUID, password, address, requestId } = request
    const source = await passwordSource(entryUUID, parts, clock.now())
    if (source.type === 'none') return { outcome: 'not-asked', reason: source.reason }
    if (source.type === 'refused') return { outcome: 'refused', reason: source.reason }
    if (password === '' || password.length > longestPassword)
      return { outcome: 'wrong', reason: 'no password has this length' }
    const question = { entryUUID, password, address, version: versionOf(source) }
    const key = JSON.stringify(question)
    const answer = underWay.get(key) ?? answerOf(source, question, requestId).finally(() => underWay.delete(key))
    underWay.set(key, answer)
    return await answer
  }

  async function answerOf(source: Asked, question: Question, requestId: string): Promise<ProviderCheck> {
    const { entryUUID } = question
    const person = { entryUUID, provider: source.provider.id, user: source.user, askedAt: clock.now() }
    const remembered = memory.recall(question)
    if (remembered !== undefined) {
      parts.onAnswer?.(source.provider.id, 'spared')
      if (remembered.outcome === 'unavailable') await kept.dropOutdated(person)
      return noted(entryUUID, remembered)
    }
    memory.asked(question)
    const verdict = await ask(source, question, requestId)
    memory.answered(question, verdict)
    noteMistake(person.provider, verdict)
    if (verdict.outcome === 'unavailable') {
      await kept.dropOutdated(person)
      return noted(entryUUID, { outcome: 'unavailable', reason: verdict.reason })
    }
    const following = follow(verdict, person, question)
    // Dropped before it is acknowledged; a hash is made after it.
    if (verdict.outcome === 'right') inBackground(following)
    else await following
    return noted(entryUUID, verdict)
  }

  async function ask(
    { provider, user }: Asked,
    { entryUUID, password, address }: Question,
    requestId: string,
  ): Promise<PasswordVerdict> {
    const question = { user, password, clientAddress: address, requestId }
    let outcome: PasswordVerdict['outcome'] | 'spared' = 'spared'
    const once = async (): Promise<PasswordVerdict> => {
      const verdict = await provider
        .checkPassword?.(question, stopping.signal)
        .catch((error: unknown) => failed(provider.id, requestId, error))
      const told = verdict ?? failed(provider.id, requestId, undefined)
      outcome = told.outcome
      return told
    }
    const guard: OutageGuard | undefined = guards.get(provider.id)
    const verdict = guard === undefined ? await once() : await guard.ask(entryUUID, once)
    parts.onAnswer?.(provider.id, outcome)
    return verdict
  }

  function failed(provider: string, requestId: string, error: unknown): PasswordVerdict {
    if (!stopping.signal.aborted) logger.error({ provider, requestId, err: error }, 'password check failed')
    return unavailable(`${provider}: the password check failed`)
  }

  /** What the answer means for what is kept. Never throws: it says nothing about the answer. */
  async function follow(
    { outcome }: Exclude<PasswordVerdict, { outcome: 'unavailable' }>,
    person: AskedPerson,
    question: Question,
  ): Promise<void> {
    const { entryUUID } = person
    try {
      if (outcome === 'right') await kept.keep(person, question.password, () => isStillSo(question))
      else if (memory.forgetRight(question, outcome === 'wrong' ? 'this' : 'any')) await kept.drop(entryUUID)
      else if (outcome === 'wrong') await kept.dropIfSame(entryUUID, question.password)
      else await kept.dropIfAny(entryUUID)
    } catch (error) {
      // Hashing gives way to those who wait for it; the next check is another chance.
      if (!isBusy(error)) logger.error({ err: error }, 'a checked password could not be kept or dropped')
    }
  }

  async function isStillSo({ entryUUID, version }: Question): Promise<boolean> {
    const source = await passwordSource(entryUUID, parts, clock.now())
    return source.type === 'provider' && versionOf(source) === version
  }

  function inBackground(work: Promise<void>): void {
    const done = work.finally(() => afterwards.delete(done))
    afterwards.add(done)
  }

  function onOutage(
    provider: string,
    { reason, needsAdministrator }: Extract<PasswordVerdict, { outcome: 'unavailable' }>,
  ): void {
    if (needsAdministrator) inBackground(reporting(report.failing(provider, reason)))
  }

  async function reporting(work: Promise<void>): Promise<void> {
    try {
      await work
    } catch (error) {
      logger.error({ err: error }, 'password checks could not be reported')
    }
  }

  function noteMistake(provider: string, verdict: PasswordVerdict): void {
    const mistake = verdict.outcome === 'unavailable' && verdict.needsAdministrator ? verdict.reason : undefined
    if (mistake !== undefined && mistakes.get(provider) !== mistake)
      logger.error({ provider, reason: mistake }, 'passwords cannot be checked until the set-up is mended')
    if (mistake !== undefined) mistakes.set(provider, mistake)
    else if (verdict.outcome !== 'unavailable') {
      mistakes.delete(provider)
      inBackground(reporting(report.recovered(provider)))
    }
  }

  function noted<Answer extends Exclude<ProviderCheck, { outcome: 'not-asked' }>>(
    entryUUID: string,
    answer: Answer,
  ): Answer {
    lastAnswers.delete(entryUUID)
    lastAnswers.set(entryUUID, { ...answer, time: clock.now().toISOString() })
    for (const oldest of lastAnswers.keys()) if (lastAnswers.size > lastAnswersKept) lastAnswers.delete(oldest)
    return answer
  }

  async function idle(): Promise<void> {
    while (underWay.size + afterwards.size > 0) await Promise.allSettled([...underWay.values(), ...afterwards])
  }

  return {
    checkAtProvider,
    lastAnswer: (entryUUID) => lastAnswers.get(entryUUID),
    idle,
    async [Symbol.asyncDispose]() {
      stopping.abort()
      await idle()
    },
  }
}

/** Answers about another source, login or password than today's say nothing. */
function versionOf({ provider, user }: Asked): string {
  return JSON.stringify([provider.id, user.id, user.names.login, user.passwordChanged])
}
