import type { AttributeValue, Entry } from '../server/directory/entry.ts'

/** Attributes in which two versions of an entry differ, DN and the named ones left out; in the order of first sight. */
export function differingAttributes(
  before: Entry['attributes'],
  after: Entry['attributes'],
  except: readonly string[] = [],
): readonly string[] {
  const names = new Set([...before.keys(), ...after.keys()])
  for (const name of except) names.delete(name)
  return [...names].filter((name) => !equalValues(before.get(name), after.get(name)))
}

function equalValues(a: readonly AttributeValue[] | undefined, b: readonly AttributeValue[] | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return a.length === b.length && a.every((value, index) => equalValue(value, b[index]))
}

function equalValue(a: AttributeValue, b: AttributeValue | undefined): boolean {
  if (typeof a === 'string' || typeof b === 'string' || b === undefined) return a === b
  return Buffer.compare(a, b) === 0
}
