import type { CloudProviderConfig, Config } from '../server/runtime/config-schema.ts'
import type { JsonObject, SourceUser } from './identity.ts'
import { isJsonObject } from './record-fields.ts'

/** Attributes a mapping may set: those of a person's object classes that nothing else decides, and the number of groups. */
const mappableAttributes = new Map(
  [
    'businessCategory',
    'carLicense',
    'departmentNumber',
    'description',
    'displayName',
    'employeeNumber',
    'employeeType',
    'facsimileTelephoneNumber',
    'gidNumber',
    'givenName',
    'homeDirectory',
    'homePhone',
    'initials',
    'l',
    'loginShell',
    'mobile',
    'o',
    'ou',
    'pager',
    'physicalDeliveryOfficeName',
    'postOfficeBox',
    'postalAddress',
    'postalCode',
    'preferredLanguage',
    'roomNumber',
    'sAMAccountName',
    'sn',
    'sshPublicKey',
    'st',
    'street',
    'telephoneNumber',
    'title',
    'uidNumber',
    'userPrincipalName',
  ].map((name) => [name.toLowerCase(), name]),
)

/** Attributes of inetOrgPerson and posixAccount that hold one value. */
const singleValued = new Set([
  'displayname',
  'employeenumber',
  'preferredlanguage',
  'homedirectory',
  'loginshell',
  'uidnumber',
])

export interface MappedAttribute {
  readonly attribute: string
  /** A field of the provider record (`profile.costCenter`) or a template with fields in braces. */
  readonly source: string
}

/** The mapping of a provider. Throws for what {@link mappingProblems} tells, naming the setting. */
export function attributeMapping(config: CloudProviderConfig): readonly MappedAttribute[] {
  const [problem] = mappingProblems(config)
  if (problem !== undefined) throw new Error(`${config.id}: attributes: "${problem.attribute}" ${problem.message}`)
  return Object.entries(config.attributes).map(([attribute, source]) => ({
    attribute: mappableAttributes.get(attribute.toLowerCase()) ?? attribute,
    source,
  }))
}

/** What is wrong with a mapping. */
export function mappingProblems(
  config: CloudProviderConfig,
): readonly { readonly attribute: string; readonly message: string }[] {
  return Object.entries(config.attributes).flatMap(([attribute, source]) => {
    if (!mappableAttributes.has(attribute.toLowerCase()))
      return [{ attribute, message: `cannot be mapped; possible are ${[...mappableAttributes.values()].join(', ')}` }]
    if (source.trim() === '')
      return [{ attribute, message: 'names no field; write a field or a {template}, or remove it' }]
    if (/[{}]/.test(source.replace(/\{[^{}]+\}/g, '')))
      return [{ attribute, message: `${JSON.stringify(source)} has a brace without its fellow` }]
    return []
  })
}

/** Values a mapping gives for one person; an attribute without a value keeps its built-in one. */
export function mappedValues(
  mapping: readonly MappedAttribute[],
  record: JsonObject,
): ReadonlyMap<string, readonly string[]> {
  const result = new Map<string, readonly string[]>()
  for (const { attribute, source } of mapping) {
    const values = source.includes('{') ? fillTemplate(source, record) : fieldValues(record, source)
    if (values.length === 0) continue
    result.set(attribute, singleValued.has(attribute.toLowerCase()) ? values.slice(0, 1) : [...new Set(values)])
  }
  return result
}

/** Nothing at all when one of the fields is empty: half a value misleads. */
function fillTemplate(template: string, record: JsonObject): readonly string[] {
  let complete = true
  const text = template.replace(/\{([^{}]+)\}/g, (_, field: string) => {
    const [value] = fieldValues(record, field)
    if (value === undefined) complete = false
    return value ?? ''
  })
  return complete && text.trim() !== '' ? [text.trim()] : []
}

function fieldValues(record: JsonObject, path: string): readonly string[] {
  let value: unknown = record
  for (const name of path.split('.')) value = isJsonObject(value) ? value[name] : undefined
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  return list.flatMap((item) => {
    if (typeof item === 'string') return item.trim() === '' ? [] : [item.trim()]
    return typeof item === 'number' || typeof item === 'boolean' ? [String(item)] : []
  })
}

/** The number a mapping gives, if it is one: `uidNumber` of people, `gidNumber` of groups. */
export function mappedNumber(
  values: ReadonlyMap<string, readonly string[]>,
  attribute: 'uidNumber' | 'gidNumber' = 'uidNumber',
): number | undefined {
  const [text] = values.get(attribute) ?? []
  return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : undefined
}

/** `homeDirectory` and the like: `{username}` and `{initial}` are filled in. */
export function posixHome(posix: Config['posix'], username: string): string {
  return posix.homeDirectory.replaceAll('{username}', username).replaceAll('{initial}', username.slice(0, 1))
}

/** The name to show for a person when the record has no display name. */
export function displayNameOf(user: SourceUser, username: string): string {
  const parts = [user.givenName, user.surname].filter((part) => part !== null)
  return user.displayName ?? (parts.length > 0 ? parts.join(' ') : username)
}
