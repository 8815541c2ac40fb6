import { createHmac, randomBytes } from 'node:crypto'

/*
 * What an app password looks like: `k3p7x2ab-7f2m-q4xz-5nha-b2ct-yw6d`. The first eight characters find its record without
 * trying others; the five groups behind them are 100 random bits, too many to guess, so that a fast MAC guards them well.
 */

export interface AppPasswordText {
  /** First part of the text; its record is `app:<id>`. */
  readonly id: string
  readonly text: string
}

const letters = 'abcdefghijklmnopqrstuvwxyz234567'
const form = /^([a-z2-7]{8})(?:-[a-z2-7]{4}){5}$/

/** A new one: 40 random bits of id, 100 of secret. */
export function newAppPassword(): AppPasswordText {
  const characters = Array.from(randomBytes(28), (octet) => letters[octet % letters.length]).join('')
  const id = characters.slice(0, 8)
  return { id, text: [id, ...(characters.slice(8).match(/.{4}/g) ?? [])].join('-') }
}

/** undefined for what was typed and is no app password. */
export function parseAppPassword(text: string): AppPasswordText | undefined {
  const id = form.exec(text)?.[1]
  return id === undefined ? undefined : { id, text }
}

/** Id of the record among a person's credentials. */
export function appPasswordRecordId({ id }: Pick<AppPasswordText, 'id'>): string {
  return `${recordPrefix}${id}`
}

/** Whether a credential of this id is an app password. */
export function isAppPassword(recordId: string): boolean {
  return recordId.startsWith(recordPrefix)
}

const recordPrefix = 'app:'

/** What its record keeps: HMAC-SHA-256 of the whole text. `key` is `appPasswordKey` of the sign-in services. */
export function appPasswordMac(key: Uint8Array, { text }: Pick<AppPasswordText, 'text'>): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
