import { expect, test } from 'vitest'
import { createTurns } from '../../../server/ldap/turns.ts'

/** Resolves when every step has run; gives the order of their names. */
function ordered(steps: readonly (readonly [key: string, name: string])[]): Promise<string[]> {
  const turns = createTurns()
  const order: string[] = []
  return new Promise((resolve) => {
    for (const [key, name] of steps) {
      turns.take(key, () => {
        order.push(name)
        if (order.length === steps.length) resolve(order)
      })
    }
  })
}

test('one who waits with many operations gets as many turns as one who waits with one', async () => {
  const many = Array.from({ length: 5 }, (_, i) => ['hosts', `hosts ${i}`] as const)
  expect(await ordered([...many, ['vpn', 'vpn'], ['wifi', 'wifi']])).toEqual([
    'hosts 0',
    'vpn',
    'wifi',
    'hosts 1',
    'hosts 2',
    'hosts 3',
    'hosts 4',
  ])
})

test('operations of one go in the order they came', async () => {
  expect(
    await ordered([
      ['a', '1'],
      ['a', '2'],
      ['a', '3'],
    ]),
  ).toEqual(['1', '2', '3'])
})

test('a step may ask for the next turn, behind those who wait', async () => {
  const turns = createTurns()
  const order: string[] = []
  await new Promise<void>((resolve) => {
    turns.take('a', () => {
      order.push('a1')
      turns.take('a', () => {
        order.push('a2')
        resolve()
      })
    })
    turns.take('b', () => order.push('b1'))
  })
  expect(order).toEqual(['a1', 'b1', 'a2'])
})
