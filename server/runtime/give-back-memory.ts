import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Less than this is not worth the pause. */
const smallHeapOctets = 128 * 1024 * 1024

/**
 * Collects the garbage of this thread and gives its pages back to the system, where its heap is large. V8 does so by itself when there is nothing
 * to do for a while, and keeps what a large sync run needed for as long. Takes tens of milliseconds, in which the thread does nothing else.
 */
export function giveBackMemory(): void {
  if (getHeapStatistics().total_heap_size < smallHeapOctets) return
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  if (typeof collect === 'function') collect({ type: 'major', execution: 'sync', flavor: 'last-resort' })
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
