import type { AttributeAccess } from './access-control.ts'
import { accountAttributes } from './account-attributes.ts'
import type { Layout } from './entry-layout.ts'
import type { AttributeDescription, AttributeType, Schema } from './schema/schema.ts'

/** What is sent of entries with one layout. */
export interface SelectionPlan {
  /** Indexes into the layout, ascending. */
  readonly attributes: readonly number[]
  readonly memberOf: boolean
  readonly hasSubordinates: boolean
  /** The values of `member`, by the other name. */
  readonly uniqueMember: boolean
  /** Of {@link AccountAttribute}: those that the entry itself has not. */
  readonly ofAccount: readonly string[]
}

/** The attributes that a search asks for (RFC 4511 §4.5.1.8; `+` RFC 3673; `@class` RFC 4529). */
export interface AttributeSelection {
  planFor(layout: Layout, access: AttributeAccess): SelectionPlan
}

export function selectAttributes(requested: readonly string[], schema: Schema): AttributeSelection {
  const wants = readSelection(requested, schema)
  const plans = new WeakMap<AttributeAccess, Map<Layout, SelectionPlan>>()
  return {
    planFor: (layout, access) => {
      let byLayout = plans.get(access)
      if (!byLayout) plans.set(access, (byLayout = new Map()))
      let plan = byLayout.get(layout)
      if (!plan) byLayout.set(layout, (plan = makePlan(layout, access, wants, schema)))
      return plan
    },
  }
}

interface Wants {
  readonly allUser: boolean
  readonly allOperational: boolean
  readonly descriptions: readonly AttributeDescription[]
  readonly types: ReadonlySet<AttributeType>
}

function readSelection(requested: readonly string[], schema: Schema): Wants {
  const names = new Set(requested)
  const descriptions: AttributeDescription[] = []
  const types = new Set<AttributeType>()
  for (const name of names) {
    if (name.startsWith('@')) {
      const objectClass = schema.objectClass(name.slice(1))
      const named = objectClass ? [...schema.attributesOfClass(objectClass)] : []
      for (const type of named.flatMap((type) => schema.withSubtypes(type))) types.add(type)
      continue
    }
    const description = schema.description(name)
    if (!description) continue // unknown names, `*`, `+`, `1.1`, `dn`: no attribute of that name
    if (description.options.length > 0) descriptions.push(description)
    else for (const type of schema.withSubtypes(description.type)) types.add(type)
  }
  return { allUser: names.size === 0 || names.has('*'), allOperational: names.has('+'), descriptions, types }
}

function makePlan(layout: Layout, access: AttributeAccess, wants: Wants, schema: Schema): SelectionPlan {
  const isWanted = (type: AttributeType, options: readonly string[]) =>
    access.allows(type) &&
    ((type.isOperational ? wants.allOperational : wants.allUser) ||
      wants.types.has(type) ||
      wants.descriptions.some(
        (wanted) =>
          wanted.options.every((option) => options.includes(option)) && schema.withSubtypes(wanted.type).includes(type),
      ))
  const attributes: number[] = []
  layout.attributes.forEach(({ type, options }, index) => {
    if (type.name !== 'memberOf' && isWanted(type, options)) attributes.push(index)
  })
  const named = (name: string) => {
    const type = schema.attributeType(name)
    return type && access.allows(type) ? type : undefined
  }
  const memberOf = named('memberOf')
  const hasSubordinates = named('hasSubordinates')
  const uniqueMember = named('uniqueMember')
  const member = layout.attributes.findIndex(({ type }) => type.name === 'member')
  const isStored = (name: string) => layout.attributes.some(({ type }) => type.name === name)
  const hasOwnUniqueMember = isStored('uniqueMember')
  return {
    attributes,
    memberOf: memberOf !== undefined && (wants.allOperational || wants.types.has(memberOf)),
    hasSubordinates: hasSubordinates !== undefined && (wants.allOperational || wants.types.has(hasSubordinates)),
    uniqueMember: uniqueMember !== undefined && wants.types.has(uniqueMember) && member >= 0 && !hasOwnUniqueMember,
    ofAccount: accountAttributes.filter((name) => {
      const type = named(name)
      return type !== undefined && isWanted(type, []) && !isStored(name)
    }),
  }
}
