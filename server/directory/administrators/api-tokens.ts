import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { ChangeRefused } from '../credentials/change-refused.ts'
import { randomText } from '../credentials/random-text.ts'
import type { Json } from '../directory-store.ts'
import type { AdminActor } from './admin-actions.ts'
import { type AdminContext, changeAsAdmin } from './admin-context.ts'
import { requireAdminName, type Role, roles } from './admin-records.ts'
import { descending } from '../../runtime/order.ts'

/** A token of the API, as may be shown. */
export interface ListedApiToken {
  readonly id: string
  readonly name: string
  readonly role: Role
  /** ISO 8601, UTC. */
  readonly createdAt: string
  readonly createdBy: string
  /** ISO 8601, UTC; null: until it is revoked. */
  readonly expiresAt: string | null
  readonly isExpired: boolean
  /** To the hour. */
  readonly lastUse: { readonly at: string; readonly address: string } | null
}

/** Whoever has a token may do through the API what its role may. Changes throw {@link ChangeRefused}. */
export interface ApiTokens {
  /** Latest first. */
  list(): Promise<readonly ListedApiToken[]>
  /** Gives the token, which is not to be had again. Nobody makes one that may do more than its maker, or for longer. */
  create(
    token: { readonly name: string; readonly role: Role; readonly expiresAt: Date | null },
    by: AdminActor,
    maker: TokenMaker,
  ): Promise<string>
  revoke(id: string, by: AdminActor): Promise<void>
  /** Whose token it is, used from the address now; undefined for one that is unknown, revoked or expired. */
  use(token: string, address: string): Promise<UsedApiToken | undefined>
}

/** Who makes a token. */
export interface TokenMaker {
  readonly role: Role
  /** ISO 8601, UTC: when a maker that is a token itself ends; null: never. */
  readonly expiresAt: string | null
}

export interface UsedApiToken {
  readonly id: string
  readonly name: string
  readonly role: Role
  readonly expiresAt: string | null
  /** Whether it is good also by now. */
  readonly isStillGood: () => Promise<boolean>
}

/** Value of the `api-token` collection, by id. */
type ApiTokenRecord = Omit<ListedApiToken, 'id' | 'isExpired'> & {
  /** SHA-256 of the secret part in base64: it is 192 random bits, so nothing slower is needed. */
  readonly hash: string
}

const prefix = 'rosterd'
const idGroups = [10] as const
const secretOctets = 24
const mostTokens = 200
/** Uses are written this often at most. */
const useWrittenEveryMs = 3_600_000

export function createApiTokens(context: Pick<AdminContext, 'directory' | 'clock' | 'logger'>): ApiTokens {
  const { directory, clock } = context
  const { store } = directory

  async function read(id: string): Promise<ApiTokenRecord | undefined> {
    return recordOf(await store.get('api-token', [id]))
  }

  function isExpired({ expiresAt }: Pick<ApiTokenRecord, 'expiresAt'>): boolean {
    return expiresAt !== null && Date.parse(expiresAt) <= clock.now().getTime()
  }

  async function noteUse(id: string, address: string): Promise<void> {
    await directory.commitFrom(async () => {
      const record = await read(id)
      if (record === undefined) return undefined
      const lastUse = { at: clock.now().toISOString(), address }
      const change = { collection: 'api-token' as const, key: [id], value: { ...record, lastUse } }
      return { cause: { kind: 'server', id: 'API used' }, entries: [], records: [change] }
    })
  }

  async function list(): Promise<readonly ListedApiToken[]> {
    const found: ListedApiToken[] = []
    for await (const { key, value } of store.list('api-token')) {
      const record = recordOf(value)
      if (record === undefined) continue
      const { hash: _hash, ...shown } = record
      found.push({ id: key[0] ?? '', ...shown, isExpired: isExpired(record) })
    }
    return found.sort(descending(({ createdAt }) => createdAt))
  }

  return {
    list,

    async create({ name, role, expiresAt }, by, maker) {
      requireAdminName(name)
      const now = clock.now()
      if (roles.indexOf(role) < roles.indexOf(maker.role))
        throw new ChangeRefused('A token may do no more than who makes it. Choose another role.')
      const latest = maker.expiresAt === null ? Infinity : Date.parse(maker.expiresAt)
      if ((expiresAt?.getTime() ?? Infinity) > latest)
        throw new ChangeRefused(`A token may not outlive the one that makes it. Choose ${maker.expiresAt} or earlier.`)
      if (expiresAt !== null && expiresAt.getTime() <= now.getTime())
        throw new ChangeRefused('The token would have ended already. Choose a later day.')
      const id = randomText(...idGroups)
      const secret = randomBytes(secretOctets).toString('base64url')
      const record: ApiTokenRecord = {
        name,
        role,
        createdAt: now.toISOString(),
        createdBy: by.name,
        expiresAt: expiresAt?.toISOString() ?? null,
        lastUse: null,
        hash: hashOf(secret),
      }
      await changeAsAdmin(context, by, async () => {
        const others = await list()
        if (others.length >= mostTokens) throw new ChangeRefused(`There are ${mostTokens} tokens. Revoke some first.`)
        if (others.some((other) => other.name.toLowerCase() === name.toLowerCase()))
          throw new ChangeRefused(`There is a token "${name}" already. Choose another name, or revoke it first.`)
        return {
          records: [{ collection: 'api-token', key: [id], value: record }],
          action: {
            event: 'API token created',
            subject: name,
            before: null,
            after: { id, role, expiresAt: record.expiresAt },
          },
        }
      })
      return `${prefix}_${id}_${secret}`
    },

    async revoke(id, by) {
      await changeAsAdmin(context, by, async () => {
        const record = await read(id)
        if (record === undefined) throw new ChangeRefused('There is no such token, or not any more.')
        const { name, role, expiresAt } = record
        return {
          records: [{ collection: 'api-token', key: [id], value: undefined }],
          action: { event: 'API token revoked', subject: name, before: { id, role, expiresAt }, after: null },
        }
      })
    },

    async use(token, address) {
      const [first, id = '', ...secret] = token.split('_')
      const record = first === prefix && /^[a-z2-7]{10}$/.test(id) ? await read(id) : undefined
      // Of an unknown one too, so that both take their time.
      const isRight = isEqual(hashOf(secret.join('_')), record?.hash ?? hashOf(''))
      if (record === undefined || !isRight || isExpired(record)) return undefined
      const last = record.lastUse
      const isDue = last === null || clock.now().getTime() - Date.parse(last.at) > useWrittenEveryMs
      if (isDue) await noteUse(id, address)
      const isStillGood = async () => {
        const now = await read(id)
        return now !== undefined && now.hash === record.hash && !isExpired(now)
      }
      return { id, name: record.name, role: record.role, expiresAt: record.expiresAt, isStillGood }
    },
  }
}

/** Of a token that is used, as who does something. */
export function actorOfToken({ name, isStillGood }: UsedApiToken, address: string): AdminActor {
  return { name: `token:${name}`, address, mayStill: isStillGood }
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64')
}

function isEqual(a: string, b: string): boolean {
  return timingSafeEqual(Buffer.from(a), Buffer.from(b))
}

function recordOf(value: Json | undefined): ApiTokenRecord | undefined {
  return typeof value === 'object' && value !== null ? (value as ApiTokenRecord) : undefined // written above
}
