import { randomBytes } from 'node:crypto'
import type { Clock } from '../../runtime/clock.ts'
import type { Directory } from '../directory.ts'
import type { Json } from '../directory-store.ts'

/** Sessions of the pages: the `session` collection, at ['session', key]. */
export interface WebSessions {
  get(key: string): Promise<Json | undefined>
  set(key: string, value: Json): Promise<void>
  /** The same for one that is there; one that has ended meanwhile stays so. */
  update(key: string, value: Json): Promise<void>
  delete(key: string): Promise<void>
  /** Ends every session whose stored value is the person's. Gives how many there were. */
  endOf(entryUUID: string): Promise<number>
  /** Removes what has expired. */
  sweep(): Promise<void>
  /** Signs cookies, at ['key']; made when there is none. Session ids are secret by themselves. */
  cookieKey(): Promise<string>
}

const collection = 'session'

export function createWebSessions({
  directory,
  clock,
}: {
  readonly directory: Pick<Directory, 'store' | 'commit' | 'commitFrom'>
  readonly clock: Pick<Clock, 'now'>
}): WebSessions {
  const { store } = directory
  const write = async (keys: readonly (readonly string[])[], value: Json | undefined) => {
    if (keys.length === 0) return
    const records = keys.map((key) => ({ collection, key, value }) as const)
    await directory.commit({ cause: { kind: 'server', id: 'sessions' }, entries: [], records })
  }

  async function endWhere(isOver: (value: Json) => boolean): Promise<number> {
    const keys: (readonly string[])[] = []
    for await (const { key, value } of store.list(collection, ['session'])) if (isOver(value)) keys.push(key)
    await write(keys, undefined)
    return keys.length
  }

  return {
    get: (key) => store.get(collection, ['session', key]),
    set: (key, value) => write([['session', key]], value),
    async update(key, value) {
      const record = { collection, key: ['session', key], value } as const
      await directory.commitFrom(async () =>
        (await store.get(collection, record.key)) === undefined
          ? undefined
          : { cause: { kind: 'server', id: 'sessions' }, entries: [], records: [record] },
      )
    },
    delete: (key) => write([['session', key]], undefined),
    endOf: (entryUUID) => endWhere((value) => personOf(value) === entryUUID),
    async sweep() {
      const now = clock.now().getTime()
      await endWhere((value) => expiryOf(value) <= now)
    },
    async cookieKey() {
      const known = await store.get(collection, ['key'])
      if (typeof known === 'string') return known
      const made = randomBytes(32).toString('base64')
      await write([['key']], made)
      return made
    },
  }
}

const sweepEveryMs = 3_600_000

/** Removes sessions that have expired, now and every hour until the signal is aborted. */
export async function runSessionSweep(
  sessions: Pick<WebSessions, 'sweep'>,
  { clock, onProblem }: { readonly clock: Pick<Clock, 'sleep'>; readonly onProblem: (error: unknown) => void },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await sessions.sweep().catch(onProblem)
    await clock.sleep(sweepEveryMs, signal).catch(() => undefined)
  }
}

/** The person who is signed in, as `admin-ui/me/session.ts` keeps it. */
function personOf(value: Json): unknown {
  const session = fieldOf(value, 'session')
  return fieldOf(fieldOf(session, 'person'), 'entryUUID')
}

function expiryOf(value: Json): number {
  const expiresAt = fieldOf(value, 'expiresAt')
  return typeof expiresAt === 'number' ? expiresAt : 0
}

function fieldOf(value: Json | undefined, name: string): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as { readonly [name: string]: Json })[name]
    : undefined
}
