import { describe, expect, test } from 'vitest'
import { configSchema, type LdifProviderConfig } from '../../../server/runtime/config-schema.ts'
import { fileEntries } from '../../../sync/file-entries.ts'
import type { SourceEntry } from '../../../sync/identity.ts'

const [settings] = configSchema.parse({
  baseDn: 'dc=example,dc=com',
  providers: [{ id: 'seed', type: 'ldif', name: 'Seed', path: 'seed.ldif', flattenGroups: true }],
}).providers as LdifProviderConfig[]

const groupDn = (cn: string) => `cn=${cn},ou=groups,dc=example,dc=com`
const userDn = (uid: string) => `uid=${uid},ou=people,dc=example,dc=com`

function group(cn: string, ...members: readonly string[]): SourceEntry {
  const attributes = [
    ['objectClass', ['groupOfNames']],
    ['cn', [cn]],
    ['member', members],
  ] as const
  return { id: cn, dn: groupDn(cn), line: 1, passwords: [], attributes }
}

function flattened(...groups: readonly SourceEntry[]) {
  if (settings === undefined) throw new Error('the configuration has one provider')
  return new Map(
    fileEntries(settings, groups).map(({ source, attributes }) => [
      source.id,
      { members: attributes.get('member') ?? [], parents: attributes.get('memberOf') ?? [] },
    ]),
  )
}

describe('flattened groups of a file', () => {
  test('have the members of the groups in them, also in a circle, and know the groups that hold them', () => {
    const flat = flattened(
      group('a', userDn('ada'), groupDn('b'), groupDn('a')),
      group('b', userDn('bob'), groupDn('c')),
      group('c', userDn('cyd'), groupDn('a')),
      group('d', groupDn('b'), groupDn('b')),
    )
    for (const cn of ['a', 'b', 'c', 'd'])
      expect([...(flat.get(cn)?.members ?? [])].sort()).toEqual(['ada', 'bob', 'cyd'].map(userDn))
    expect(flat.get('a')?.parents).toEqual([groupDn('c')])
    expect(flat.get('b')?.parents).toEqual([groupDn('a'), groupDn('d')])
    expect(flat.get('d')?.parents).toEqual([])
  })

  test('have a member once, however it is spelled', () => {
    const flat = flattened(group('a', userDn('ada'), 'CN=B, OU=Groups, DC=example, DC=com'), group('b', userDn('ADA')))
    expect(flat.get('a')?.members).toHaveLength(1)
    expect(flat.get('b')).toEqual({ members: [userDn('ADA')], parents: [groupDn('a')] })
  })

  // Any work that grows with the square of this takes longer than the test may.
  test('may be many and large', () => {
    const members = (n: number) => Array.from({ length: 100 }, (_, m) => userDn(`user${n * 100 + m}`))
    const flat = flattened(...Array.from({ length: 500 }, (_, n) => group(`g${n}`, ...members(n), groupDn('g0'))))
    expect(flat.get('g1')?.members).toHaveLength(200)
    expect(flat.get('g0')?.parents).toHaveLength(499)
  }, 20_000)
})
