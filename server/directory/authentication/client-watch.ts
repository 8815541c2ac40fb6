import { parseDn } from '../../protocol/distinguished-name.ts'
import type { Identity } from '../access-control.ts'
import { type EncodedEntry, entryName } from '../encoded-entry.ts'
import { binderKeys } from './binder-registry.ts'
import { dnKey } from './person-names.ts'

/** Something that a client of a binder did. */
export type ClientHappening = {
  /** ISO 8601, UTC. */
  readonly at: string
  readonly binder: string
  readonly address: string
} & (
  | {
      readonly kind: 'connected'
      /** As `TLSv1.3`; null: in the clear. */
      readonly tls: string | null
    }
  /** The binder itself: its secret was wrong, or it may not come. */
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'found' | 'signed-in'; readonly person: string }
  | { readonly kind: 'sign-in refused'; readonly person: string; readonly reason: string }
)

type Told = ClientHappening extends infer Each
  ? Each extends ClientHappening
    ? Omit<Each, 'at' | 'binder'>
    : never
  : never

/** Whose clients somebody watches. */
export interface WatchedBinder {
  readonly binder: string
  /** Unix time in milliseconds: the watch ends by itself. */
  readonly untilMs: number
  /** Where its clients were seen before: people who sign in from there sign in to them. */
  readonly addresses: readonly string[]
}

export interface BindSeen {
  readonly address: string
  readonly tls: string | null
  /** As it was typed. */
  readonly name: string
  /** Who is bound now. */
  readonly identity: Identity
  /** The binder that was bound on the connection before. */
  readonly lastBinder: string | undefined
  /** Why it was refused; undefined: it was not, or the client is told as well. */
  readonly reason: string | undefined
}

interface Watched {
  readonly keys: readonly string[]
  readonly addresses: Set<string>
  untilMs: number
  minute: string
  /** What was told in this minute. */
  told: Set<string>
}

/** Told of each binder in a minute, at most. */
const toldInMinute = 60
const addressesKept = 500

/** Tells what clients of binders do, while somebody watches them. Costs a look at a boolean otherwise. */
export class ClientWatch {
  private readonly suffix: string
  private readonly nowMs: () => number
  private readonly tell: (happening: ClientHappening) => void
  private readonly watched = new Map<string, Watched>()

  constructor(suffix: string, nowMs: () => number, tell: (happening: ClientHappening) => void) {
    this.suffix = suffix
    this.nowMs = nowMs
    this.tell = tell
  }

  /** Nobody watches anything. */
  get isIdle(): boolean {
    return this.watched.size === 0
  }

  watch({ binder, untilMs, addresses }: WatchedBinder): void {
    const known = this.watched.get(binder)
    if (known !== undefined) known.untilMs = untilMs
    else {
      const keys = binderKeys(binder, this.suffix)
      this.watched.set(binder, { keys, addresses: new Set(addresses), untilMs, minute: '', told: new Set() })
    }
  }

  bound(bind: BindSeen): void {
    this.forgetEnded()
    const { identity, address, lastBinder, reason } = bind
    for (const [binder, watched] of this.watched) {
      const isOwn = watched.keys.includes(dnKey(bind.name) ?? '')
      if (isOwn && identity.kind === 'binder') {
        if (watched.addresses.size < addressesKept) watched.addresses.add(address)
        this.say(binder, { kind: 'connected', address, tls: bind.tls })
      } else if (isOwn && reason !== undefined) this.say(binder, { kind: 'refused', address, reason })
      else if (!isOwn && (lastBinder === binder || watched.addresses.has(address))) this.personBound(binder, bind)
    }
  }

  private personBound(binder: string, { identity, address, name, reason }: BindSeen): void {
    if (identity.kind === 'user') this.say(binder, { kind: 'signed-in', address, person: shortName(identity.dn) })
    else if (identity.kind === 'anonymous' && reason !== undefined)
      this.say(binder, { kind: 'sign-in refused', address, person: shortName(name), reason })
  }

  /** What is to be told of each entry that a search of this identity finds; undefined: nobody watches it. */
  searching(identity: Identity, address: string): ((entry: EncodedEntry | undefined) => void) | undefined {
    this.forgetEnded()
    if (identity.kind !== 'binder' || !this.watched.has(identity.name)) return undefined
    const { name: binder } = identity
    return (entry) => {
      const dn = entry === undefined ? '' : entryName(entry)
      if (/^uid=/i.test(dn)) this.say(binder, { kind: 'found', address, person: shortName(dn) })
    }
  }

  private say(binder: string, what: Told): void {
    const watched = this.watched.get(binder)
    if (watched === undefined) return
    const at = new Date(this.nowMs()).toISOString()
    const minute = at.slice(0, 16)
    if (watched.minute !== minute) Object.assign(watched, { minute, told: new Set() })
    if (watched.told.size >= toldInMinute) return
    const key = JSON.stringify(what)
    if (watched.told.has(key)) return
    watched.told.add(key)
    this.tell({ at, binder, ...what })
  }

  private forgetEnded(): void {
    for (const [binder, { untilMs }] of this.watched) if (this.nowMs() > untilMs) this.watched.delete(binder)
  }
}

/** Names come from clients and may be as long as a message. */
const longestName = 100

/** The value of the first RDN; the text itself where it is no DN. */
function shortName(name: string): string {
  const value = dnKey(name) === undefined ? undefined : parseDn(name)[0]?.[0]?.value
  return (typeof value === 'string' ? value : name).slice(0, longestName)
}
