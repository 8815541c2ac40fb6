import { Tag } from '../protocol/ber-reader.ts'
import { textElement } from '../protocol/ber-writer.ts'
import type { Entry } from './entry.ts'
import type { AttributeType, Schema } from './schema/schema.ts'

/** One attribute of a {@link Layout}. */
export interface LayoutAttribute {
  /** As served: `cn`, `userCertificate;binary`. */
  readonly description: string
  readonly type: AttributeType
  /** Folded and sorted. */
  readonly options: readonly string[]
}

/** The attributes of an entry in the order they are encoded; entries of one shape share one layout. */
export interface Layout {
  /** Counts up from 0 in a {@link LayoutTable}. */
  readonly number: number
  readonly attributes: readonly LayoutAttribute[]
  readonly classNames: readonly string[]
}

function keyOf(descriptions: readonly string[], classNames: readonly string[]): string {
  return [...descriptions, '', ...classNames].join('\0')
}

/**
 * Attributes computed from an entry or its place: what an entry of a foreign directory says of them is not kept, and they are
 * left out when it is decoded.
 */
export const computedAttributes = new Set([
  'entryUUID',
  'entryDN',
  'structuralObjectClass',
  'subschemaSubentry',
  'hasSubordinates',
])

export const subschemaDn = 'cn=Subschema'

/** How entries of one shape, the same attributes in the same order and the same object classes, are encoded. */
export interface Shape {
  readonly layout: Layout
  /** For each attribute of the layout its encoded description, and its place among those of the entry; -1: it is computed. */
  readonly attributes: readonly { readonly description: Buffer; readonly place: number }[]
  readonly structural: string | undefined
}

/** LDIF files bring their own shapes. */
const shapesKept = 1000

/** Shares layouts between entries of one shape: the same attributes and object classes. One per schema. */
export class LayoutTable {
  readonly schema: Schema
  /** By number. */
  readonly all: Layout[] = []
  private readonly layouts = new Map<string, Layout>()
  private readonly shapes = new Map<string, Shape>()

  shapeOf({ attributes, entryUUID }: Entry): Shape {
    let key = entryUUID === '' ? '' : '+'
    for (const [name, values] of attributes) {
      key += `\0${name}`
      if (values.length === 0) key += '\x01'
      else if (/^(objectclass|2\.5\.4\.0)/i.test(name)) key += `\x01${values.join('\x01')}`
    }
    const known = this.shapes.get(key)
    if (known !== undefined) return known
    const shape = this.newShape(attributes, entryUUID !== '')
    if (this.shapes.size >= shapesKept) this.shapes.clear()
    this.shapes.set(key, shape)
    return shape
  }

  private newShape(attributes: Entry['attributes'], hasUuid: boolean): Shape {
    const { schema } = this
    const typeOf = (name: string) => schema.description(name)?.type
    const classNames = [...attributes].flatMap(([name, values]) =>
      typeOf(name)?.name === 'objectClass' ? values.filter((value) => typeof value === 'string') : [],
    )
    this.learn([...attributes.keys()], classNames)
    const stored = [...attributes].flatMap(([name, values], place) =>
      values.length > 0 && !computedAttributes.has(typeOf(name)?.name ?? '') ? [{ name, place }] : [],
    )
    const isOperational = ({ name }: { name: string }) => typeOf(name)?.isOperational === true
    const structural = structuralObjectClass(classNames, schema)
    const all = [
      ...stored.filter((one) => !isOperational(one)),
      ...stored.filter(isOperational),
      ...[
        ...(structural === undefined ? [] : ['structuralObjectClass']),
        ...(hasUuid ? ['entryUUID', 'entryDN'] : []),
        'subschemaSubentry',
      ].map((name) => ({ name, place: -1 })),
    ]
    const layout = this.layoutOf(
      all.map(({ name }) => name),
      classNames,
    )
    const encoded = all.map(({ name, place }) => ({ description: textElement(Tag.octetString, name), place }))
    return { layout, attributes: encoded, structural }
  }

  constructor(schema: Schema) {
    this.schema = schema
  }

  layoutOf(descriptions: readonly string[], classNames: readonly string[]): Layout {
    const key = keyOf(descriptions, classNames)
    const known = this.layouts.get(key)
    if (known) return known
    this.learn(descriptions, classNames)
    const attributes = descriptions.map((description): LayoutAttribute => {
      const known = this.schema.description(description)
      if (!known) throw new Error(`"${description}" is not an attribute description`)
      return { description, type: known.type, options: known.options }
    })
    const layout = { number: this.all.length, attributes, classNames }
    this.all.push(layout)
    this.layouts.set(key, layout)
    return layout
  }

  private learn(descriptions: readonly string[], classNames: readonly string[]): void {
    this.schema.learn(
      descriptions.map((description) => description.split(';')[0] ?? ''),
      classNames,
    )
  }
}

/** The most subordinate of the structural classes (RFC 4512 §2.4.2). */
function structuralObjectClass(classNames: readonly string[], schema: Schema): string | undefined {
  let deepest: { name: string; depth: number } | undefined
  for (const name of classNames) {
    const objectClass = schema.objectClass(name)
    if (objectClass?.kind !== 'STRUCTURAL') continue
    const depth = schema.withSuperiors(objectClass.name).size
    if (!deepest || depth > deepest.depth) deepest = { name: objectClass.name, depth }
  }
  return deepest?.name
}
