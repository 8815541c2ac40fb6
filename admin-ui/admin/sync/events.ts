import { once } from 'node:events'
import type { RequestHandler, Response } from 'express'
import { systemClock } from '../../../server/runtime/clock.ts'
import { createAlarm } from '../../../sync/alarm.ts'
import { HttpProblem } from '../../http-problem.ts'
import { sessionGoesOn } from '../access.ts'
import type { Administration } from '../administration.ts'
import { progressText } from './run-text.ts'
import type { SyncServices } from './services.ts'

const streamsInAll = 100
const streamsOfSession = 4
/** Keeps connections alive, and ends those of sessions that are over. */
const heartbeatMs = 15_000

/**
 * How far runs are, as server-sent events. Each says all of it, so that whoever reads slowly misses steps and no state. A
 * stream ends with its session, and when the server begins to close.
 */
export function syncEvents(services: Pick<Administration, 'sync' | 'clock'>, closing: AbortSignal): RequestHandler {
  const { sync } = services
  const streams = new Map<string, number>()

  function take(session: string): void {
    const all = [...streams.values()].reduce((sum, count) => sum + count, 0)
    const own = streams.get(session) ?? 0
    if (all >= streamsInAll || own >= streamsOfSession)
      throw new HttpProblem(429, 'The sync is watched in too many windows. Close some, then reload this page.')
    streams.set(session, own + 1)
  }

  function giveBack(session: string): void {
    const left = (streams.get(session) ?? 0) - 1
    if (left > 0) streams.set(session, left)
    else streams.delete(session)
  }

  return async (request, response) => {
    const { sessionID } = request
    take(sessionID)
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    const ended = AbortSignal.any([gone.signal, closing])
    const alarm = createAlarm(systemClock)
    const forget = sync.underWay.listen(() => alarm.wake())
    try {
      response.writeHead(200, {
        'Content-Type': 'text/event-stream',
        // Proxies pass each event on at once; nothing waits for another request when the server closes.
        'X-Accel-Buffering': 'no',
        Connection: 'close',
      })
      while (!ended.aborted && (await sessionGoesOn(request, response, services))) {
        await send(response, eventOf(sync), ended)
        await alarm.sleep(heartbeatMs, ended)
      }
    } finally {
      forget()
      giveBack(sessionID)
      response.end()
    }
  }
}

function eventOf({ underWay }: SyncServices): string {
  const runs = underWay.list().map((run) => ({ provider: run.provider, progress: progressText(run) }))
  return `data: ${JSON.stringify({ turns: underWay.turns, runs })}\n\n`
}

async function send(response: Response, text: string, ended: AbortSignal): Promise<void> {
  if (response.write(text) || ended.aborted) return
  await once(response, 'drain', { signal: ended }).catch((error: unknown) => {
    if (!ended.aborted) throw error
  })
}
