import { writeSync } from 'node:fs'
import { BroadcastChannel, isMainThread, threadId } from 'node:worker_threads'

/*
 * Loaded into every thread of the server that is soaked: on SIGUSR2 each collects its garbage and prints what its heap has
 * left. Node itself collects so late on a machine with much memory that no leak would be told from garbage for an hour.
 */

const channel = new BroadcastChannel('collect garbage')

function collect() {
  globalThis.gc()
  const heapMiB = process.memoryUsage().heapUsed / 2 ** 20
  writeSync(1, `${JSON.stringify({ event: 'garbage collected', threadId, heapMiB })}\n`)
}

if (isMainThread)
  process.on('SIGUSR2', () => {
    channel.postMessage('now')
    collect()
  })
else channel.addEventListener('message', collect)
channel.unref()
