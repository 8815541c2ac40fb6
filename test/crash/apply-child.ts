/**
 * Applies generation after generation to a store until it is killed. Each write is announced as "w" before and after,
 * each acknowledged commit as "ack <n>". Arguments: directory, seed, chunk bytes, number of the announcement at which it
 * kills itself (0: never, the parent does it).
 */
import { writeSync } from 'node:fs'
import { openLevelStore } from '../../server/storage/level-store.ts'
import { generationTo } from './scenario.ts'

const [directory = '', seed = '', chunkBytes = '', killAt = ''] = process.argv.slice(2)

let announcements = 0
const store = await openLevelStore(directory, {
  chunkBytes: Number(chunkBytes),
  onWrite() {
    if (++announcements === Number(killAt)) process.kill(process.pid, 'SIGKILL')
    writeSync(1, 'w\n')
  },
})
let applied = Number((await store.get('mirror', ['generation'])) ?? 0)
writeSync(1, `opened ${applied}\n`)
while (true) {
  await store.commit(generationTo(Number(seed), ++applied))
  writeSync(1, `ack ${applied}\n`)
}
