import type { Json } from '../directory/directory-store.ts'
import { decodeJson, encodeJson } from './json-value.ts'

const version = 1

/** What JSON cannot carry (undefined members, NaN) is lost as in `JSON.stringify`. */
export function encodeRecord(value: Json): Buffer {
  return encodeJson(value, version)
}

/** Throws `StoreError` `corrupt` for a damaged value or another format. */
export function decodeRecord(value: Buffer): Json {
  // Only encodeRecord writes these values.
  return decodeJson(value, version, 'record') as Json
}
