import type { Change } from '../directory/directory-store.ts'
import { decodeJson, encodeJson } from './json-value.ts'

const version = 1

export function encodeChange(change: Change): Buffer {
  return encodeJson(change, version)
}

/** Throws `StoreError` `corrupt` for a damaged value or another format. */
export function decodeChange(value: Buffer): Change {
  // Only encodeChange writes these values.
  return decodeJson(value, version, 'change') as Change
}
