import type { AttributeValue, Entry } from '../directory/entry.ts'

/** An entry as JSON: octets that are not text are base64 with a mark before them. */
export interface EntryJson {
  readonly dn: string
  readonly entryUUID: string
  readonly attributes: { readonly [description: string]: readonly string[] }
}

export function entryJson({ dn, entryUUID, attributes }: Entry): EntryJson {
  return {
    dn,
    entryUUID,
    attributes: Object.fromEntries(Array.from(attributes, ([name, values]) => [name, values.map(valueJson)])),
  }
}

function valueJson(value: AttributeValue): string {
  return typeof value === 'string' ? value : `base64:${Buffer.from(value).toString('base64')}`
}
