import type { Json, RecordChange } from './directory-store.ts'

/**
 * Set once every configured provider has been read for the first time, and never taken back. Until then nothing is answered from the
 * directory: half of the people would look like all of them.
 */
export const filledMark: RecordChange = { collection: 'meta', key: ['filled'], value: true }

export function isFilledMark({ collection, key, value }: RecordChange): boolean {
  return collection === filledMark.collection && key[0] === filledMark.key[0] && isSet(value)
}

export function isSet(value: Json | undefined): boolean {
  return value === true
}
