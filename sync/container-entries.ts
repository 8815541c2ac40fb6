import type { AttributeValue } from '../server/directory/entry.ts'
import { escapeDnValue, normalizeDn, parseDn } from '../server/protocol/distinguished-name.ts'
import type { Config } from '../server/runtime/config-schema.ts'
import type { FileEntry } from './file-entries.ts'
import { nameBasedUuid } from './name-based-uuid.ts'

export interface Container {
  readonly dn: string
  readonly entryUUID: string
  readonly attributes: ReadonlyMap<string, readonly AttributeValue[]>
}

const containerNames = ['people', 'groups', 'services', 'sudoers'] as const

function containerDn(baseDn: string, name: (typeof containerNames)[number]): string {
  return `ou=${name},${baseDn}`
}

export function personDn(baseDn: string, username: string): string {
  return `uid=${escapeDnValue(username)},${containerDn(baseDn, 'people')}`
}

export function groupDn(baseDn: string, name: string): string {
  return `cn=${escapeDnValue(name)},${containerDn(baseDn, 'groups')}`
}

/** DNs that exist whatever the providers hold. */
export function containerDns(baseDn: string): readonly string[] {
  return [baseDn, ...containerNames.map((name) => containerDn(baseDn, name))]
}

/** The suffix and the ou entries, with the object classes that the tree pickers of appliances look for. */
export function containerEntries(config: Pick<Config, 'baseDn' | 'organization'>): readonly Container[] {
  const { baseDn } = config
  const units = containerNames.map((name) => ({
    dn: containerDn(baseDn, name),
    entryUUID: nameBasedUuid('container', name),
    attributes: new Map([
      ['objectClass', ['top', 'organizationalUnit']],
      ['ou', [name]],
    ]),
  }))
  return [{ dn: baseDn, entryUUID: nameBasedUuid('container', ''), attributes: suffixAttributes(config) }, ...units]
}

/** The containers with what entries of files for the same DN add: further values and attributes, in the file's order. */
export function mergedContainers(
  config: Pick<Config, 'baseDn' | 'organization'>,
  files: readonly FileEntry[],
): readonly Container[] {
  const containers = containerEntries(config)
  const keys = new Set(containers.map((container) => normalizeDn(container.dn)))
  const additions = Map.groupBy(
    files.filter((file) => keys.has(file.key)),
    (file) => file.key,
  )
  return containers.map((container, index) => {
    const attributes = new Map(container.attributes)
    for (const file of additions.get(normalizeDn(container.dn)) ?? []) addAttributes(attributes, file.attributes)
    const name = index === 0 ? 'suffix' : `ou=${containerNames[index - 1]}`
    attributes.set('rosterdSource', [`rosterd:${name}`])
    return { ...container, attributes }
  })
}

function addAttributes(attributes: Map<string, readonly AttributeValue[]>, added: FileEntry['attributes']): void {
  const fold = (value: AttributeValue) => (typeof value === 'string' ? value.toLowerCase() : value)
  for (const [name, values] of added) {
    const spelling = [...attributes.keys()].find((own) => own.toLowerCase() === name.toLowerCase()) ?? name
    const own = attributes.get(spelling) ?? []
    const known = new Set(own.map(fold))
    attributes.set(spelling, [...own, ...values.filter((value) => !known.has(fold(value)))])
  }
}

/** dcObject with organization for `dc=`; the class of the naming attribute for others. */
function suffixAttributes(
  config: Pick<Config, 'baseDn' | 'organization'>,
): ReadonlyMap<string, readonly AttributeValue[]> {
  const naming = parseDn(config.baseDn)[0]?.[0]
  const value = typeof naming?.value === 'string' ? naming.value : ''
  switch (naming?.type.toLowerCase()) {
    case 'dc':
    case 'domaincomponent':
      return new Map([
        ['objectClass', ['top', 'dcObject', 'organization']],
        ['dc', [value]],
        ['o', [config.organization]],
      ])
    case 'o':
      return new Map([
        ['objectClass', ['top', 'organization']],
        ['o', [value]],
      ])
    case 'ou':
      return new Map([
        ['objectClass', ['top', 'organizationalUnit']],
        ['ou', [value]],
      ])
    case 'c':
      return new Map([
        ['objectClass', ['top', 'country']],
        ['c', [value]],
      ])
    case 'l':
      return new Map([
        ['objectClass', ['top', 'locality']],
        ['l', [value]],
      ])
    default:
      throw new Error(
        `baseDn: "${config.baseDn}" begins with an attribute no entry can have; use dc=, o=, ou=, c= or l=`,
      )
  }
}
