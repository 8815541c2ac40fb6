import type { SignInServices } from './directory/authentication/sign-in-services.ts'
import type { SignInAnswer, SignInQuestion } from './ldap-thread-messages.ts'
import { LdapError } from './protocol/ldap-error.ts'
import { ResultCode } from './protocol/result-code.ts'

/*
 * The SignInServices of the main thread, for the LDAP thread: questions that it posts, and the answers that come back.
 */

/** Longer than a provider may take. Who waits for the main thread beyond it is told that it is unavailable. */
const answerWithinMs = 20_000
/** Questions under way at once; a bind beyond them is told that the server is busy. */
const openQuestions = 512
/** Of these, those that a provider takes its time for: the others have to get through beside them. */
const openProviderQuestions = 384

export interface SignInClient {
  readonly services: SignInServices
  /** Takes in what the main thread answered. */
  answered(answer: SignInAnswer): void
}

/** The LDAP thread's end. A service that fails or is late throws {@link LdapError} unavailable. */
export function createSignInClient(
  post: (number: number, question: SignInQuestion) => void,
  withinMs = answerWithinMs,
): SignInClient {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  let lastNumber = 0
  let atProviders = 0

  async function ask(question: SignInQuestion): Promise<unknown> {
    if (waiting.size >= openQuestions) throw busy()
    const number = ++lastNumber
    const answer = Promise.withResolvers<unknown>()
    waiting.set(number, answer)
    const timer = setTimeout(() => answer.reject(unavailable()), withinMs)
    try {
      post(number, question)
      return await answer.promise
    } finally {
      clearTimeout(timer)
      waiting.delete(number)
    }
  }

  // What comes back is what the service of that name returned: `answerQuestion`.
  type Answer<Service extends keyof SignInServices> = Awaited<ReturnType<SignInServices[Service]>>
  return {
    services: {
      async checkAtProvider(request) {
        if (atProviders >= openProviderQuestions) throw busy()
        atProviders += 1
        try {
          return (await ask({ service: 'checkAtProvider', request })) as Answer<'checkAtProvider'>
        } finally {
          atProviders -= 1
        }
      },
      redeemCode: async (entryUUID, code) => (await ask({ service: 'redeemCode', entryUUID, code })) === true,
      changePassword: async (request) =>
        (await ask({ service: 'changePassword', request })) as Answer<'changePassword'>,
      async upgradeImported(found) {
        await ask({ service: 'upgradeImported', found })
      },
      appPasswordKey: async () => (await ask({ service: 'appPasswordKey' })) as Answer<'appPasswordKey'>,
    },
    answered(answer) {
      const asked = waiting.get(answer.question)
      if (answer.type === 'answer') asked?.resolve(answer.value)
      else asked?.reject(unavailable())
    },
  }
}

function busy(): LdapError {
  return new LdapError(ResultCode.busy, 'too many passwords are being checked, try again')
}

function unavailable(): LdapError {
  return new LdapError(ResultCode.unavailable, 'the password cannot be checked now, try again')
}

/** The main thread's end; always resolves. `onProblem` hears why a service failed. */
export async function answerQuestion(
  services: SignInServices,
  number: number,
  question: SignInQuestion,
  onProblem: (service: SignInQuestion['service'], error: unknown) => void,
): Promise<SignInAnswer> {
  try {
    return { type: 'answer', question: number, value: await serve(services, question) }
  } catch (error) {
    onProblem(question.service, error)
    return { type: 'no answer', question: number }
  }
}

function serve(services: SignInServices, question: SignInQuestion): Promise<unknown> {
  switch (question.service) {
    case 'checkAtProvider':
      return services.checkAtProvider(question.request)
    case 'redeemCode':
      return services.redeemCode(question.entryUUID, question.code)
    case 'changePassword':
      return services.changePassword(question.request)
    case 'upgradeImported':
      return services.upgradeImported(question.found)
    case 'appPasswordKey':
      return services.appPasswordKey()
    default:
      return question satisfies never
  }
}
