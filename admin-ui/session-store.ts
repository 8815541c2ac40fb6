import { createHash } from 'node:crypto'
import { callbackify } from 'node:util'
import session, { type SessionData } from 'express-session'
import type { Json } from '../server/directory/directory-store.ts'
import type { Clock } from '../server/runtime/clock.ts'

/** Where sessions are kept; keys are not session ids. */
export interface SessionRecords {
  get(key: string): Promise<Json | undefined>
  set(key: string, value: Json): Promise<void>
  /** The same for one that is there; one that has ended meanwhile stays so. */
  update(key: string, value: Json): Promise<void>
  delete(key: string): Promise<void>
}

export interface SessionStoreOptions {
  readonly records: SessionRecords
  readonly clock: Pick<Clock, 'now'>
  /** Life of a session whose cookie has no expiry of its own, from its last use. Default: 8 hours. */
  readonly idleMs?: number
}

/** A touch is written only when it moves the expiry by this much, not on every request. */
const touchStepMs = 60_000

type Done = (error?: unknown) => void
/** Marks what was read: writing it does not bring back a session that was ended since. */
const fromStore = 'isFromStore'
const ignore: Done = () => undefined

/**
 * Server-side sessions for express-session, so that they can be revoked. The key of a record is the SHA-256 of the session
 * id: whoever reads the store cannot take over a session.
 */
export class SessionStore extends session.Store {
  readonly #records: SessionRecords
  readonly #clock: Pick<Clock, 'now'>
  readonly #idleMs: number

  constructor({ records, clock, idleMs = 8 * 3_600_000 }: SessionStoreOptions) {
    super()
    this.#records = records
    this.#clock = clock
    this.#idleMs = idleMs
  }

  override get(sessionId: string, done: (error: unknown, session?: SessionData | null) => void): void {
    callbackify(async () => {
      const stored = await this.#live(sessionId)
      return stored ? { ...stored.session, [fromStore]: true } : null
    })(done)
  }

  override set(sessionId: string, data: SessionData, done: Done = ignore): void {
    const isNew = !(fromStore in data)
    callbackify(() => this.#records[isNew ? 'set' : 'update'](sessionKey(sessionId), this.#stored(data)))(done)
  }

  override destroy(sessionId: string, done: Done = ignore): void {
    callbackify(() => this.#records.delete(sessionKey(sessionId)))(done)
  }

  /** Extends a session that is still alive; one that was destroyed meanwhile stays so. */
  override touch(sessionId: string, data: SessionData, done: Done = ignore): void {
    callbackify(() => this.#extend(sessionId, data))(done)
  }

  async #extend(sessionId: string, data: SessionData): Promise<void> {
    const stored = await this.#live(sessionId)
    if (!stored || this.#expiryOf(data) - stored.expiresAt < touchStepMs) return
    await this.#records.update(sessionKey(sessionId), this.#stored({ ...stored.session, cookie: data.cookie }))
  }

  async #live(sessionId: string): Promise<StoredSession | undefined> {
    const stored = parseStored(await this.#records.get(sessionKey(sessionId)))
    if (!stored) return undefined
    if (stored.expiresAt > this.#clock.now().getTime()) return stored
    await this.#records.delete(sessionKey(sessionId))
    return undefined
  }

  #stored(data: SessionData): Json {
    // Sessions hold JSON only; the cookie turns itself into JSON.
    return { expiresAt: this.#expiryOf(data), session: JSON.parse(JSON.stringify(data)) as Json }
  }

  #expiryOf({ cookie }: SessionData): number {
    const { expires } = cookie
    return expires ? new Date(expires).getTime() : this.#clock.now().getTime() + this.#idleMs
  }
}

interface StoredSession {
  /** Unix time in milliseconds. */
  readonly expiresAt: number
  readonly session: SessionData
}

function parseStored(value: Json | undefined): StoredSession | undefined {
  if (typeof value !== 'object' || value === null || !('expiresAt' in value) || !('session' in value)) return undefined
  const { expiresAt, session: data } = value
  if (typeof expiresAt !== 'number' || typeof data !== 'object' || data === null) return undefined
  // Only `set` writes these records; express-session restores the cookie from its JSON.
  return { expiresAt, session: data as unknown as SessionData }
}

/** Key of a session's record. */
export function sessionKey(sessionId: string): string {
  return createHash('sha256').update(sessionId).digest('base64url')
}
