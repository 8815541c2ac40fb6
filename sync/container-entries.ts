import type { AttributeValue } from '../server/directory/entry.ts'
import { escapeDnValue, parseDn } from '../server/protocol/distinguished-name.ts'
import type { Config } from '../server/runtime/config-schema.ts'
import { nameBasedUuid } from './name-based-uuid.ts'

export interface Container {
  readonly dn: string
  readonly entryUUID: string
  readonly attributes: ReadonlyMap<string, readonly AttributeValue[]>
}

export const containerNames = ['people', 'groups', 'services', 'sudoers'] as const

export function containerDn(baseDn: string, name: (typeof containerNames)[number]): string {
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
