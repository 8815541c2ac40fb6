import { attributeTypeDefinitions } from './attribute-types.ts'
import { type Definition, parseDefinition } from './definition.ts'
import { type MatchingRule, matchingRules } from './matching-rules.ts'
import { objectClassDefinitions } from './object-classes.ts'
import { Syntax } from './syntaxes.ts'

export interface AttributeType {
  readonly oid: string
  /** First name of the definition: the one that is served when an entry does not spell it otherwise. */
  readonly name: string
  readonly names: readonly string[]
  readonly superior: AttributeType | undefined
  readonly equality: MatchingRule | undefined
  readonly ordering: MatchingRule | undefined
  readonly substrings: MatchingRule | undefined
  readonly syntax: string
  readonly isOperational: boolean
  readonly definition: string
}

export interface ObjectClass {
  readonly oid: string
  readonly name: string
  /** The name in lower case, as values of objectClass are compared by it. */
  readonly key: string
  readonly kind: 'ABSTRACT' | 'STRUCTURAL' | 'AUXILIARY'
  readonly superior: ObjectClass | undefined
  /** Names of the attribute types that MUST and MAY be there, superiors' excluded. */
  readonly must: readonly string[]
  readonly may: readonly string[]
  readonly definition: string
}

/** An object class that no definition knows; it allows what its entries have. */
interface LearnedClass extends ObjectClass {
  may: readonly string[]
  definition: string
}

/** Type and options of an attribute description (RFC 4512 §2.5). */
export interface AttributeDescription {
  readonly type: AttributeType
  /** Folded and sorted. */
  readonly options: readonly string[]
}

const optionText = /^[a-z0-9-]+$/

const rulesByName = new Map<string, MatchingRule>()
for (const rule of matchingRules) {
  rulesByName.set(rule.name.toLowerCase(), rule)
  rulesByName.set(rule.oid, rule)
}

export function findMatchingRule(nameOrOid: string): MatchingRule | undefined {
  return rulesByName.get(nameOrOid.toLowerCase())
}

const learnedTypeFields = `EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch SYNTAX ${Syntax.directoryString}`

/** OID and name of what has no definition; an OID is its own. */
function published(name: string): string {
  return /^[0-9.]+$/.test(name) ? name : `${name}-oid NAME '${name}'`
}

/** Those that are not in `known`, by any spelling, each once. */
function unknownNames(names: readonly string[], known: ReadonlyMap<string, unknown>): readonly string[] {
  const seen = new Set<string>()
  return names.filter((name) => {
    const folded = name.toLowerCase()
    if (known.has(folded) || seen.has(folded)) return false
    seen.add(folded)
    return true
  })
}

/** The registered attribute types and object classes. Grows only by {@link Schema.learn}. */
export class Schema {
  private readonly types = new Map<string, AttributeType>()
  private readonly classes = new Map<string, ObjectClass>()
  private readonly learnedClasses = new Map<string, LearnedClass>()
  private readonly subtypes = new Map<AttributeType, AttributeType[]>()
  private readonly families = new Map<AttributeType, readonly AttributeType[]>()
  private readonly descriptions = new Map<string, AttributeDescription | undefined>()
  private readonly inherited = new Map<string, ReadonlySet<string>>()
  /** Moves when something is learned: what was worked out from names before may be out of date. */
  revision = 0

  constructor() {
    for (const text of attributeTypeDefinitions) this.registerType(parseDefinition(text))
    for (const text of objectClassDefinitions) this.registerClass(parseDefinition(text))
  }

  private registerType(definition: Definition): void {
    const superiorName = definition.fields.get('SUP')?.[0]
    const superior = superiorName === undefined ? undefined : this.requireType(superiorName)
    const rule = (keyword: string) => {
      const name = definition.fields.get(keyword)?.[0]
      return name === undefined ? undefined : rulesByName.get(name.toLowerCase())
    }
    const usage = definition.fields.get('USAGE')?.[0]
    const type: AttributeType = {
      oid: definition.oid,
      name: definition.names[0] ?? definition.oid,
      names: definition.names,
      superior,
      equality: rule('EQUALITY') ?? superior?.equality,
      ordering: rule('ORDERING') ?? superior?.ordering,
      substrings: rule('SUBSTR') ?? superior?.substrings,
      syntax: definition.fields.get('SYNTAX')?.[0]?.replace(/\{.*/, '') ?? superior?.syntax ?? Syntax.directoryString,
      isOperational: usage !== undefined && usage !== 'userApplications',
      definition: definition.text,
    }
    for (const name of [type.oid, ...type.names]) this.types.set(name.toLowerCase(), type)
    this.families.clear()
    for (let above = superior; above; above = above.superior)
      this.subtypes.set(above, [...(this.subtypes.get(above) ?? []), type])
  }

  private registerClass(definition: Definition): void {
    const superiorName = definition.fields.get('SUP')?.[0]
    const [name = definition.oid] = definition.names
    const objectClass: ObjectClass = {
      oid: definition.oid,
      name,
      key: name.toLowerCase(),
      kind: definition.fields.has('ABSTRACT')
        ? 'ABSTRACT'
        : definition.fields.has('AUXILIARY')
          ? 'AUXILIARY'
          : 'STRUCTURAL',
      superior: superiorName === undefined ? undefined : this.objectClass(superiorName),
      must: definition.fields.get('MUST') ?? [],
      may: definition.fields.get('MAY') ?? [],
      definition: definition.text,
    }
    for (const name of [objectClass.oid, ...definition.names]) this.classes.set(name.toLowerCase(), objectClass)
  }

  private requireType(name: string): AttributeType {
    const type = this.types.get(name.toLowerCase())
    if (!type) throw new Error(`schema: unknown attribute type ${name}`)
    return type
  }

  attributeType(nameOrOid: string): AttributeType | undefined {
    return this.types.get(nameOrOid.toLowerCase())
  }

  objectClass(nameOrOid: string): ObjectClass | undefined {
    return this.classes.get(nameOrOid.toLowerCase())
  }

  /** The type itself and every subtype (RFC 4512 §2.5.1). */
  withSubtypes(type: AttributeType): readonly AttributeType[] {
    const known = this.families.get(type)
    if (known) return known
    const family = [type, ...(this.subtypes.get(type) ?? [])]
    this.families.set(type, family)
    return family
  }

  /** Undefined for an unknown type or malformed text; options are not checked against a list. */
  description(text: string): AttributeDescription | undefined {
    const known = this.descriptions.get(text)
    if (known || this.descriptions.has(text)) return known
    const [name = '', ...options] = text.toLowerCase().split(';')
    const type = options.every((option) => optionText.test(option)) ? this.types.get(name) : undefined
    const description = type && { type, options: options.toSorted() }
    // Names come from clients: the cache holds no long ones, and is bounded by forgetting everything.
    if (text.length > 100) return description
    if (this.descriptions.size > 10_000) this.descriptions.clear()
    this.descriptions.set(text, description)
    return description
  }

  /** Folded names of the class and its superiors; the folded name alone for an unknown class. */
  withSuperiors(className: string): ReadonlySet<string> {
    const folded = className.toLowerCase()
    const known = this.inherited.get(folded)
    if (known) return known
    const names = new Set<string>()
    for (let objectClass = this.classes.get(folded); objectClass; objectClass = objectClass.superior)
      names.add(objectClass.key)
    if (names.size === 0) names.add(folded)
    this.inherited.set(folded, names)
    return names
  }

  /** Attribute types of a class, superiors' included (RFC 4529 `@class`). */
  attributesOfClass(objectClass: ObjectClass): ReadonlySet<AttributeType> {
    const types = new Set<AttributeType>()
    for (let above: ObjectClass | undefined = objectClass; above; above = above.superior) {
      for (const name of [...above.must, ...above.may]) {
        const type = this.attributeType(name)
        if (type) types.add(type)
      }
    }
    return types
  }

  /**
   * Takes in the attribute types and object classes of an entry: those no definition knows are registered, and a class so
   * registered allows what no other class of the entry does, so that what is published stays true for directories taken over
   * verbatim. OIDs take the `name-oid` form.
   */
  learn(attributeNames: readonly string[], classNames: readonly string[]): void {
    const newTypes = unknownNames(attributeNames, this.types)
    const newClasses = unknownNames(classNames, this.classes)
    for (const name of newTypes) this.registerType(parseDefinition(`( ${published(name)} ${learnedTypeFields} )`))
    for (const name of newClasses) this.registerLearnedClass(name)
    const hasGrown = this.allowStrays(attributeNames, classNames)
    if (newTypes.length === 0 && newClasses.length === 0 && !hasGrown) return
    this.descriptions.clear()
    this.revision += 1
  }

  private registerLearnedClass(name: string): void {
    const definition = `( ${published(name)} SUP top AUXILIARY )`
    this.registerClass(parseDefinition(definition))
    const objectClass = this.classes.get(name.toLowerCase())
    if (objectClass) this.learnedClasses.set(name.toLowerCase(), objectClass)
    this.inherited.delete(name.toLowerCase())
  }

  /** Adds to a learned class of the entry what none of its classes allows. */
  private allowStrays(attributeNames: readonly string[], classNames: readonly string[]): boolean {
    const learned = classNames.map((name) => this.learnedClasses.get(name.toLowerCase())).find((found) => found)
    if (!learned) return false
    const classes = classNames.map((name) => this.objectClass(name)).filter((found) => found !== undefined)
    const allowed = new Set(classes.flatMap((objectClass) => [...this.attributesOfClass(objectClass)]))
    const strays = attributeNames
      .map((name) => this.attributeType(name))
      .filter((type) => type && !type.isOperational && !allowed.has(type))
      .map((type) => type?.name ?? '')
    if (strays.length === 0) return false
    learned.may = [...new Set([...learned.may, ...strays])]
    learned.definition = `( ${published(learned.name)} SUP top AUXILIARY MAY ( ${learned.may.join(' $ ')} ) )`
    return true
  }

  /** Every definition, for publication. */
  definitions(): { readonly attributeTypes: readonly string[]; readonly objectClasses: readonly string[] } {
    return {
      attributeTypes: [...new Set(this.types.values())].map((type) => type.definition),
      objectClasses: [...new Set(this.classes.values())].map((objectClass) => objectClass.definition),
    }
  }
}
