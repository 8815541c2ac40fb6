import { hashSync } from 'bcryptjs'
import { expect, test } from 'vitest'
import { createBcryptPool } from '../../../../server/directory/authentication/bcrypt-pool.ts'
import { ResultCode } from '../../../../server/protocol/result-code.ts'

const secret = hashSync('secret', 4)

test('checks passwords of every scheme, and makes hashes', async () => {
  await using pool = createBcryptPool(1)
  expect(await pool.compare('secret', secret)).toBe(true)
  expect(await pool.compare(Buffer.from('Secret'), secret)).toBe(false)
  expect(await pool.compare('secret', '{CRYPT}$5$damaged')).toBe(false)
  expect(await pool.compare('x'.repeat(2000), `{CLEARTEXT}${'x'.repeat(2000)}`)).toBe(false)
  expect(await pool.compare(new Uint8Array(2000), '{CLEARTEXT}')).toBe(false)
  expect(await pool.compare('another', await pool.hash('another', 4))).toBe(true)
})

test('is busy beyond a bounded number of waiting checks, and answers all that it took on', async () => {
  await using pool = createBcryptPool(1)
  const answers = await Promise.allSettled(Array.from({ length: 10_000 }, () => pool.compare('secret', secret)))
  const answered = answers.filter(({ status }) => status === 'fulfilled')
  expect(answered).toHaveLength(129)
  for (const answer of answers)
    if (answer.status === 'rejected') expect(answer.reason).toMatchObject({ resultCode: ResultCode.busy })
})

test('lets nobody be kept out by one address that asks for too much', async () => {
  await using pool = createBcryptPool(1)
  let number = 0
  const from = (address: string) => ({ network: address, isGone: () => false, fingerprint: String(++number) })
  const ended: string[] = []
  const check = (address: string) =>
    pool.compare('secret', secret, from(address)).then(
      () => ended.push(address),
      () => ended.push(`${address} is busy`),
    )
  const checks = [
    ...Array.from({ length: 1000 }, () => check('greedy')),
    ...Array.from({ length: 3 }, () => check('modest')),
    check('other'),
  ]
  await Promise.all(checks)
  const count = (what: string) => ended.filter((each) => each === what).length
  expect([count('modest'), count('other'), count('greedy')]).toEqual([3, 1, 125])
  expect(ended.filter((each) => !each.endsWith('busy')).indexOf('other')).toBeLessThan(6)
})

test('computes once what many ask for at once, unless all of them have gone', async () => {
  await using pool = createBcryptPool(1)
  const gone = new Set<number>()
  const asker = (number: number) => ({ network: 'x', isGone: () => gone.has(number), fingerprint: 'ada secret' })
  const running = pool.compare('secret', secret)
  const first = Array.from({ length: 1000 }, (_, number) => pool.compare('secret', secret, asker(number)))
  gone.add(0)
  expect(new Set(await Promise.all(first))).toEqual(new Set([true]))
  expect(await running).toBe(true)
  const blocking = pool.compare('secret', secret)
  const later = Promise.allSettled([1, 2].map((number) => pool.compare('secret', secret, asker(number))))
  gone.add(1).add(2)
  for (const answer of await later) expect(answer).toMatchObject({ reason: { resultCode: ResultCode.canceled } })
  expect(await blocking).toBe(true)
  gone.clear()
  expect(await pool.compare('Secret', secret, { ...asker(1), fingerprint: 'ada Secret' })).toBe(false)
  expect(await pool.compare('secret', hashSync('other', 4), asker(1))).toBe(false)
})

test('computes nothing for who has gone', async () => {
  await using pool = createBcryptPool(1)
  let isGone = false
  const running = pool.compare('secret', secret)
  const waiting = pool.compare('secret', secret, { network: 'x', isGone: () => isGone, fingerprint: 'x' })
  isGone = true
  await expect(waiting).rejects.toMatchObject({ resultCode: ResultCode.canceled })
  expect(await running).toBe(true)
})

test('answers unavailable once it is closed, also to those who wait', async () => {
  const pool = createBcryptPool(1)
  const checks = [1, 2, 3].map(() => pool.compare('secret', secret))
  const settled = Promise.allSettled(checks)
  await pool[Symbol.asyncDispose]()
  for (const answer of [...(await settled), ...(await Promise.allSettled([pool.compare('secret', secret)]))])
    expect(answer).toMatchObject({ reason: { resultCode: ResultCode.unavailable } })
})
