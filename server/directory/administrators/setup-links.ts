import { createHash, randomBytes } from 'node:crypto'
import type { RecordChange, RecordReader } from '../directory-store.ts'

/** A link with which an administrator chooses a password. */
export interface SetupLink {
  readonly url: string
  /** ISO 8601. */
  readonly expires: string
}

/** Value of the `link` collection at [SHA-256 of the token]. */
export type StoredSetupLink = {
  readonly kind: typeof kind
  /** null: whoever opens it becomes the first Owner. */
  readonly name: string | null
  /** ISO 8601. */
  readonly expires: string
}

const kind = 'admin-setup'
const linkMinutes = 30

/** A new link, and the change that keeps it. */
export function newSetupLink(
  name: string | null,
  { publicUrl, now }: { readonly publicUrl: string; readonly now: Date },
): { readonly link: SetupLink; readonly record: RecordChange } {
  const token = randomBytes(24).toString('base64url')
  const expires = new Date(now.getTime() + linkMinutes * 60_000).toISOString()
  const value: StoredSetupLink = { kind, name, expires }
  return {
    link: { url: `${publicUrl.replace(/\/+$/, '')}/admin/setup/${token}`, expires },
    record: { collection: 'link', key: [hashOf(token)], value },
  }
}

/** undefined for one that never was, was used or is too old: all the same to who has it. */
export async function openSetupLink(
  store: RecordReader,
  token: string,
  now: Date,
): Promise<StoredSetupLink | undefined> {
  const link = setupLinkOf(await store.get('link', [hashOf(token)]))
  return link !== undefined && link.expires > now.toISOString() ? link : undefined
}

/** The changes that end the links of an administrator, or those to become the first Owner, and all that are too old. */
export async function endedSetupLinks(
  store: RecordReader,
  name: string | null,
  now: Date,
): Promise<readonly RecordChange[]> {
  const ended: RecordChange[] = []
  for await (const { key, value } of store.list('link')) {
    const link = setupLinkOf(value)
    if (link === undefined) continue
    const isOf = link.name?.toLowerCase() === name?.toLowerCase()
    if (isOf || link.expires <= now.toISOString()) ended.push({ collection: 'link', key, value: undefined })
  }
  return ended
}

function setupLinkOf(value: unknown): StoredSetupLink | undefined {
  const isOne = typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind
  return isOne ? (value as StoredSetupLink) : undefined // written by `newSetupLink`
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}
