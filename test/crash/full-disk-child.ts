/**
 * Applies generation after generation to a store whose disk is full again and again. What is read is compared after each
 * refusal and after each recovery; what happened is printed. Arguments: directory, seed, chunk bytes, refusals, kind of disk.
 */
import { dirname } from 'node:path'
import { openLevelStore } from '../../server/storage/level-store.ts'
import { smallDisk } from '../builders/small-disk.ts'
import { collect, stateOf } from '../contract/entry-builder.ts'
import { generationTo, randomFrom, stateAfter } from './scenario.ts'

const [directory = '', seedText = '', chunkBytes = '', refusals = '', kind = ''] = process.argv.slice(2)
const seed = Number(seedText)
const random = randomFrom(seed)
const disk = smallDisk(kind === 'memory' ? 'memory' : 'limit')
const folder = dirname(directory)

let store = await openLevelStore(directory, { chunkBytes: Number(chunkBytes) })
let applied = 0

async function check(what: string, among: readonly number[]): Promise<void> {
  const entries = JSON.stringify(await stateOf(store.entries()), plain)
  const records = JSON.stringify(await collect(store.list('mirror')))
  const found = among.find((n) => {
    const expected = stateAfter(seed, n)
    return JSON.stringify(expected.entries, plain) === entries && JSON.stringify(expected.records) === records
  })
  const problems = await store.verify()
  if (found === undefined || problems.length > 0)
    throw new Error(`${what}: not generation ${among.join(' or ')}: ${problems.join('; ')}`)
  applied = found
}

function plain(_key: string, value: unknown): unknown {
  return value instanceof Map ? [...value] : value
}

const outcomes = new Map<string, number>()
const count = (outcome: string) => outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
for (let refusal = 0; refusal < Number(refusals); refusal++) {
  await disk.fill(process.pid, folder, Math.floor(random() ** 3 * 300_000))
  for (let isFull = false; !isFull; ) {
    try {
      await store.commit(generationTo(seed, applied + 1))
      applied += 1
    } catch (error) {
      if (!(error instanceof Error) || !error.message.includes(`(${disk.cause})`)) throw error
      isFull = true
    }
  }
  await check('full', [applied])
  await store.commit(generationTo(seed, applied + 1)).then(
    () => Promise.reject(new Error('a commit was taken before there was room')),
    () => undefined,
  )
  await disk.makeRoom(process.pid, folder)
  if (random() < 0.2) {
    await store.close()
    store = await openLevelStore(directory, { chunkBytes: Number(chunkBytes) })
    await check('opened anew', [applied, applied + 1])
    count('opened anew')
    continue
  }
  const later = await store.recover()
  await check('room again', [later === undefined ? applied : applied + 1])
  count(later === undefined ? 'dropped' : 'rolled forward')
}
await store.close()
process.stdout.write(`${JSON.stringify({ applied, ...Object.fromEntries(outcomes) })}\n`)
