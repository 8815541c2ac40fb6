import { DnSyntaxError, normalizeDn } from '../../protocol/distinguished-name.ts'
import { foldedName } from '../inactive-names.ts'
import { postingHas, slotsOf } from '../memory/value-index.ts'
import { attributeValues } from '../entry-values.ts'
import type { ServedDirectory } from '../served-directory.ts'

/** The normalized form of a DN; undefined for what is none. */
export function dnKey(name: string): string | undefined {
  try {
    return normalizeDn(name)
  } catch (error) {
    if (error instanceof DnSyntaxError) return undefined
    throw error
  }
}

/** The slot of the one person whose user name, UPN or primary mail address this is; of nobody who shares it with somebody inactive. */
export function personNamed({ view, schema, inactiveNames }: ServedDirectory, name: string): number | undefined {
  if (inactiveNames.has(foldedName(name))) return undefined
  const found = new Set<number>()
  const objectClass = schema.attributeType('objectClass')
  const people = objectClass && view.equality.get(objectClass)?.get('person')
  for (const typeName of ['uid', 'userPrincipalName', 'mail']) {
    const type = schema.attributeType(typeName)
    const prepared = type?.equality?.comparison.prepare(Buffer.from(name))
    if (!type || prepared === undefined) continue
    for (const slot of slotsOf(view.equality.get(type)?.get(prepared))) {
      if (!postingHas(people, slot)) continue
      const [first] = attributeValues(view, slot, { type, options: [] })
      if (typeName !== 'mail' || (first && type.equality?.comparison.prepare(first) === prepared)) found.add(slot)
    }
  }
  const [only] = found
  return found.size === 1 ? only : undefined
}
