import { expect, test } from 'vitest'
import { type AnswerMemory, createAnswerMemory, type Question } from '../../../../sync/pass-through/answer-memory.ts'
import { unavailable } from '../../../../sync/password-verdict.ts'
import { fakeClock } from '../../../sync/fake-clock.ts'

const minute = 60_000

function question(changes: Partial<Question> = {}): Question {
  return { entryUUID: 'ada', version: '1', password: 'secret', address: '192.0.2.7', ...changes }
}

function wrong(memory: AnswerMemory, changes: Partial<Question> = {}): void {
  memory.asked(question(changes))
  memory.answered(question(changes), { outcome: 'wrong', reason: 'wrong password' })
}

test('setting the clock back or forward by hours neither keeps an answer for longer nor for ever', () => {
  const clock = fakeClock()
  const memory = createAnswerMemory(clock)
  wrong(memory)
  clock.advance(-3 * 60 * minute)
  expect(memory.recall(question())).toMatchObject({ outcome: 'wrong' })
  clock.advance(5 * minute - 1)
  expect(memory.recall(question())).toMatchObject({ outcome: 'wrong' })
  clock.advance(1)
  expect(memory.recall(question())).toBeUndefined()
})

test('an answer is remembered for its person and password alone', () => {
  const memory = createAnswerMemory(fakeClock())
  wrong(memory)
  expect(memory.recall(question({ address: '192.0.2.8' }))).toMatchObject({ outcome: 'wrong' })
  expect(memory.recall(question({ entryUUID: 'grace' }))).toBeUndefined()
  expect(memory.recall(question({ password: 'other' }))).toBeUndefined()
  expect(memory.recall(question({ version: '2' }))).toBeUndefined()
})

test('a refusal is remembered for its address: policies may let in from elsewhere', () => {
  const memory = createAnswerMemory(fakeClock())
  memory.answered(question(), { outcome: 'refused', reason: 'policy' })
  expect(memory.recall(question())).toEqual({ outcome: 'refused', reason: 'policy; asked before' })
  expect(memory.recall(question({ address: '192.0.2.8' }))).toBeUndefined()
})

test('questions without an answer are no wrong passwords', () => {
  const memory = createAnswerMemory(fakeClock())
  for (let n = 0; n < 20; n++) {
    memory.asked(question({ password: `${n}` }))
    memory.answered(question({ password: `${n}` }), unavailable('down'))
  }
  expect(memory.recall(question())).toBeUndefined()
})

test('questions under way count, until they are answered', () => {
  const memory = createAnswerMemory(fakeClock())
  for (let n = 1; n <= 4; n++) memory.asked(question({ password: `${n}` }))
  expect(memory.recall(question())).toMatchObject({ outcome: 'refused' })
  memory.answered(question({ password: '1' }), unavailable('down'))
  expect(memory.recall(question())).toBeUndefined()
})

test('a right password ends the count, and is asked about whatever else was tried since', () => {
  const memory = createAnswerMemory(fakeClock())
  for (let n = 1; n <= 3; n++) wrong(memory, { password: `${n}` })
  memory.answered(question(), { outcome: 'right' })
  for (let n = 4; n <= 7; n++) {
    expect(memory.recall(question({ password: `${n}` }))).toBeUndefined()
    wrong(memory, { password: `${n}` })
  }
  expect(memory.recall(question({ password: '8' }))).toMatchObject({ outcome: 'refused' })
  expect(memory.recall(question())).toBeUndefined()
  expect(memory.forgetRight(question({ password: '8' }), 'this')).toBe(false)
  expect(memory.forgetRight(question(), 'this')).toBe(true)
  expect(memory.recall(question())).toMatchObject({ outcome: 'refused' })
})

test('no more people are remembered than it is made for, the latest', () => {
  const memory = createAnswerMemory(fakeClock(), 2)
  for (const entryUUID of ['ada', 'grace', 'joan']) wrong(memory, { entryUUID })
  expect(memory.recall(question({ entryUUID: 'joan' }))).toMatchObject({ outcome: 'wrong' })
  expect(memory.recall(question({ entryUUID: 'grace' }))).toMatchObject({ outcome: 'wrong' })
  expect(memory.recall(question({ entryUUID: 'ada' }))).toBeUndefined()
})
