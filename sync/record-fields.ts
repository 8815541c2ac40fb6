import type { Json } from '../server/directory/directory-store.ts'
import type { JsonObject } from './identity.ts'

/** True for a JSON object, which is what every record of a provider must be. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The text in a field, trimmed; null when it is missing, empty or something else. */
export function textField(record: JsonObject, name: string): string | null {
  const value = record[name]
  if (typeof value !== 'string') return null
  const trimmed = value.trim()
  return trimmed === '' ? null : trimmed
}

/** The texts in a list field, trimmed, empty ones left out; a single text counts as a list of one. */
export function textListField(record: JsonObject, name: string): readonly string[] {
  const value = record[name]
  const list: readonly Json[] = Array.isArray(value) ? value : value === undefined ? [] : [value]
  return list.flatMap((item) => (typeof item === 'string' && item.trim() !== '' ? [item.trim()] : []))
}

/** The object in a field, or an empty one. */
export function objectField(record: JsonObject, name: string): JsonObject {
  const value = record[name]
  return isJsonObject(value) ? value : {}
}

/** Whether every record has a value in the field; true without a field to look at. */
export function isSaidByAll(records: readonly JsonObject[], field: string | undefined): boolean {
  return field === undefined || records.every((record) => (record[field] ?? null) !== null)
}
