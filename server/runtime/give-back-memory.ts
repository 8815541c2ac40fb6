import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Less than this is not worth the pause. */
const smallHeapOctets = 128 * 1024 * 1024

/**
 * Collects the garbage of this thread and gives its pages back to the system, where its heap is large. V8 does so by itself when there is nothing
 * to do for a while, and keeps what a large sync run needed for as long. Takes tens of milliseconds, in which the thread does nothing else.
 */
export function giveBackMemory(): void {
  if (getHeapStatistics().total_heap_size >= smallHeapOctets) collect('last-resort')
}

function collect(flavor: 'regular' | 'last-resort'): void {
  setFlagsFromString('--expose-gc')
  const gc: unknown = runInNewContext('gc')
  if (typeof gc === 'function') gc({ type: 'major', execution: 'sync', flavor })
}

/** So much shared memory that nobody needs is worth a pause. */
const sharedGarbageOctets = 64 * 1024 * 1024
let sharedGarbage = 0

/**
 * Tells that this thread let go of shared memory. V8 hardly counts what is outside its heap, and would keep gigabytes of it: once enough has come
 * together the garbage of the thread is collected, which takes as long as its own heap is large.
 */
export function letGoOfShared(octets: number): void {
  sharedGarbage += octets
  if (sharedGarbage < sharedGarbageOctets) return
  sharedGarbage = 0
  setImmediate(collect, 'regular')
}

/** Gives memory back some time after the last call, when what needed it has ended. */
export function createMemoryKeeper(afterMs: number): { readonly soon: () => void; readonly close: () => void } {
  let timer: NodeJS.Timeout | undefined
  return {
    soon() {
      clearTimeout(timer)
      timer = setTimeout(giveBackMemory, afterMs).unref()
    },
    close: () => clearTimeout(timer),
  }
}
