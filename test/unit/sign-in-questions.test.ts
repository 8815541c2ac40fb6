import { expect, test } from 'vitest'
import type { ProviderCheck, SignInServices } from '../../server/directory/authentication/sign-in-services.ts'
import { ResultCode } from '../../server/protocol/result-code.ts'
import { signInServices } from '../../server/sign-in.ts'
import { answerQuestion, createSignInClient } from '../../server/sign-in-questions.ts'

/** Both ends, with messages copied as between threads. */
function connect(parts: Partial<SignInServices>, withinMs?: number) {
  const problems: unknown[] = []
  const client = createSignInClient((number, question) => {
    void answerQuestion(signInServices(parts), number, structuredClone(question), (service, error) =>
      problems.push(service, error),
    ).then((answer) => client.answered(structuredClone(answer)))
  }, withinMs)
  return { services: client.services, problems }
}

test('a question is answered with what the service says', async () => {
  const asked: unknown[] = []
  const { services } = connect({
    checkAtProvider: (request) => {
      asked.push(request)
      return Promise.resolve({ outcome: 'wrong', reason: 'AADSTS50126' })
    },
    redeemCode: (...given) => {
      asked.push(given)
      return Promise.resolve(true)
    },
    appPasswordKey: () => Promise.resolve(Buffer.from('key')),
  })
  const request = { entryUUID: 'ada', password: 'secret', address: '192.0.2.1', requestId: 'of a test' }
  expect(await services.checkAtProvider(request)).toEqual({ outcome: 'wrong', reason: 'AADSTS50126' })
  expect(await services.redeemCode('ada', '123456')).toBe(true)
  expect(Buffer.from((await services.appPasswordKey()) ?? []).toString()).toBe('key')
  expect(asked).toEqual([request, ['ada', '123456']])
})

test('a service that no part gives lets nobody in', async () => {
  const { services } = connect({})
  expect(
    await services.checkAtProvider({ entryUUID: 'ada', password: 'x', address: '', requestId: '' }),
  ).toHaveProperty('outcome', 'not-asked')
  expect(await services.redeemCode('ada', '123456')).toBe(false)
  expect(await services.changePassword({ entryUUID: 'ada', oldPassword: 'x', newPassword: undefined })).toHaveProperty(
    'why',
    'not-here',
  )
  expect(await services.appPasswordKey()).toBeUndefined()
})

test('a service that fails is unavailable, and only the log hears why', async () => {
  const failure = new Error('disk full')
  const { services, problems } = connect({ redeemCode: () => Promise.reject(failure) })
  await expect(services.redeemCode('ada', '123456')).rejects.toMatchObject({
    resultCode: ResultCode.unavailable,
    message: expect.not.stringContaining('disk'),
  })
  expect(problems).toEqual(['redeemCode', failure])
})

test('a main thread that never answers makes the bind unavailable, and what it says later is ignored', async () => {
  let late: (() => void) | undefined
  const { services } = connect({ redeemCode: () => new Promise((resolve) => (late = () => resolve(true))) }, 1)
  await expect(services.redeemCode('ada', '123456')).rejects.toMatchObject({ resultCode: ResultCode.unavailable })
  late?.()
  await expect(services.redeemCode('ada', '123456')).rejects.toMatchObject({ resultCode: ResultCode.unavailable })
})

test('too many questions at once are answered with busy', async () => {
  const answer = Promise.withResolvers<boolean>()
  const { services } = connect({ redeemCode: () => answer.promise })
  const waiting = Array.from({ length: 512 }, () => services.redeemCode('ada', '123456'))
  await expect(services.redeemCode('ada', '123456')).rejects.toMatchObject({ resultCode: ResultCode.busy })
  answer.resolve(true)
  expect(new Set(await Promise.all(waiting))).toEqual(new Set([true]))
  expect(await services.redeemCode('ada', '123456')).toBe(true)
})

test('providers that do not answer leave room for other questions', async () => {
  const answer = Promise.withResolvers<ProviderCheck>()
  const { services } = connect({ checkAtProvider: () => answer.promise, redeemCode: () => Promise.resolve(true) })
  const request = { entryUUID: 'ada', password: 'secret', address: '192.0.2.1', requestId: 'of a test' }
  const waiting = Array.from({ length: 600 }, () => services.checkAtProvider(request))
  const settled = Promise.allSettled(waiting)
  expect(await services.redeemCode('ada', '123456')).toBe(true)
  answer.resolve({ outcome: 'right' })
  expect((await settled).filter(({ status }) => status === 'rejected')).toHaveLength(600 - 384)
  expect(await services.checkAtProvider(request)).toEqual({ outcome: 'right' })
})
