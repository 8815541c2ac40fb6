import { once } from 'node:events'
import type { Request, RequestHandler, Response } from 'express'
import { systemClock } from '../server/runtime/clock.ts'
import { createAlarm } from '../sync/alarm.ts'
import { HttpProblem } from './http-problem.ts'

/** Something that a page is kept up to date about. */
export interface Watched {
  /** Calls back when the state may be another; returns what ends that. */
  readonly listen: (changed: () => void) => () => unknown
  /** All of it, as JSON will have it: whoever reads slowly misses steps and no state. */
  readonly state: () => object
}

/** Answers with server-sent events. */
export type EventStreams = (watch: (request: Request) => Watched | Promise<Watched>) => RequestHandler

const streamsInAll = 100
const streamsOfSession = 4
/** Keeps connections alive, and ends those of sessions that are over. */
const heartbeatMs = 15_000

/** Streams end with their session, of which `goesOn` knows, and when `closing` aborts. The bounds hold for all of them together. */
export function eventStreams(
  goesOn: (request: Request, response: Response) => Promise<boolean>,
  closing: AbortSignal,
): EventStreams {
  const streams = new Map<string, number>()

  function take(session: string): void {
    const all = [...streams.values()].reduce((sum, count) => sum + count, 0)
    const own = streams.get(session) ?? 0
    if (all >= streamsInAll || own >= streamsOfSession)
      throw new HttpProblem(429, 'This is watched in too many windows. Close some, then reload this page.')
    streams.set(session, own + 1)
  }

  function giveBack(session: string): void {
    const left = (streams.get(session) ?? 0) - 1
    if (left > 0) streams.set(session, left)
    else streams.delete(session)
  }

  return (watch) => async (request, response) => {
    const { listen, state } = await watch(request)
    const { sessionID } = request
    take(sessionID)
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    const ended = AbortSignal.any([gone.signal, closing])
    const alarm = createAlarm(systemClock)
    const forget = listen(() => alarm.wake())
    try {
      response.writeHead(200, {
        'Content-Type': 'text/event-stream',
        // Proxies pass each event on at once; nothing waits for another request when the server closes.
        'X-Accel-Buffering': 'no',
        Connection: 'close',
      })
      while (!ended.aborted && (await goesOn(request, response))) {
        await send(response, `data: ${JSON.stringify(state())}\n\n`, ended)
        await alarm.sleep(heartbeatMs, ended)
      }
    } finally {
      forget()
      giveBack(sessionID)
      response.end()
    }
  }
}

async function send(response: Response, text: string, ended: AbortSignal): Promise<void> {
  if (response.write(text) || ended.aborted) return
  await once(response, 'drain', { signal: ended }).catch((error: unknown) => {
    if (!ended.aborted) throw error
  })
}
