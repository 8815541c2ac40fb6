import { describe, expect, test } from 'vitest'
import type { ExportedId } from '../../../sync/identities/identity-export.ts'
import { type NumberWish, proposalCsv, proposeNumbers } from '../../../sync/identities/number-proposal.ts'

const rules = { idRange: [1_879_048_192, 2_147_352_575], acceptRange: [1000, 2_147_352_575] } as const

const known = (name: string, number: number, changes: Partial<ExportedId> = {}): ExportedId => ({
  tenant: 'contoso',
  id: `id-of-${name}`,
  kind: 'user',
  name,
  nameWanted: name,
  entryUUID: `uuid-of-${name}`,
  number,
  firstSeen: null,
  goneSince: null,
  linked: null,
  ...changes,
})
const ledger = [
  known('ada', 1_900_000_001),
  known('grace', 1_900_000_002),
  known('staff', 1_900_000_003, { kind: 'group' }),
  known('gone', 7000),
  known('primary-group', 1_900_000_004, { tenant: 'rosterd', id: 'primary-group', kind: 'group' }),
]
const wish = (name: string, number: number, changes: Partial<NumberWish> = {}): NumberWish => ({
  kind: 'user',
  name,
  entryUUID: `uuid-of-${name}`,
  sources: [`contoso:id-of-${name}`],
  number,
  ...changes,
})
const propose = (wishes: readonly NumberWish[], changes: { ledger?: readonly ExportedId[]; ofFile?: number } = {}) =>
  proposeNumbers(wishes, changes.ledger ?? ledger, rules, (number) =>
    number === changes.ofFile ? { entryUUID: 'uuid-of-break-glass', dn: 'uid=break-glass,dc=x' } : undefined,
  )

describe('proposed numbers', () => {
  test('are reserved for the record itself, whatever it is called', () => {
    const { lines, conflicts } = propose([wish('ada', 5001), wish('staff', 6001, { kind: 'group' })])
    expect(conflicts).toEqual([])
    expect(proposalCsv({ lines, conflicts })).toBe(
      [
        'kind,name,number,tenant,id,entryUUID',
        'user,ada,5001,reserved,user/source/contoso/id-of-ada,',
        'group,staff,6001,reserved,group/source/contoso/id-of-staff,',
        '',
      ].join('\n'),
    )
  })

  test('of the shared primary group come with its identity', () => {
    const own = wish('primary-group', 100_000, { kind: 'group', sources: ['rosterd:primary-group'] })
    expect(propose([own]).lines).toMatchObject([
      { tenant: 'rosterd', id: 'primary-group', number: 100_000, entryUUID: 'uuid-of-primary-group' },
    ])
  })

  test('may be the ones already held or reserved here', () => {
    const reserved = known('', 5001, { tenant: 'reserved', id: 'user/source/contoso/id-of-ada', entryUUID: null })
    const wishes = [wish('ada', 5001), wish('grace', 1_900_000_002)]
    expect(propose(wishes, { ledger: [...ledger, reserved] })).toMatchObject({ lines: [{}, {}], conflicts: [] })
  })

  test.each([
    [
      'two people with one number',
      [wish('ada', 5001), wish('grace', 5001)],
      ['user ada: grace has', 'user grace: ada has'],
    ],
    ['a number of somebody else here', [wish('ada', 7000)], ['user ada: the number 7000 belongs to gone here']],
    [
      'a number of an entry of a file',
      [wish('ada', 8000)],
      ['user ada: the number 8000 belongs to uid=break-glass,dc=x'],
    ],
    ['a number below posix.acceptRange', [wish('ada', 999)], ['user ada: the number 999 is not in posix.acceptRange']],
    ['the number of nobody', [wish('ada', 65_534)], ['user ada: the number 65534 is not in posix.acceptRange']],
    ['a person whose entry comes from a file', [wish('dora', 5001)], ['user dora: its entry here comes from a file']],
    [
      'a private group with another number than its user',
      [wish('ada', 5001), wish('ada', 5002, { kind: 'group', sources: ['rosterd:private-group'] })],
      ['group ada: the number 5002 is not that of ada'],
    ],
  ])('are refused: %s', (_, wishes, expected) => {
    const { conflicts } = propose(wishes, { ofFile: 8000 })
    expect(conflicts).toHaveLength(expected.length)
    for (const [index, text] of expected.entries()) expect(conflicts[index]).toContain(text)
  })

  test('go to the user where a group has the same: here they share one space', () => {
    const { lines, conflicts } = propose([wish('staff', 5001, { kind: 'group' }), wish('ada', 5001)])
    expect(lines).toMatchObject([{ name: 'ada', number: 5001 }])
    expect(conflicts).toEqual([
      'group staff: the number 5001 is that of the user ada; here users and groups share one space of numbers',
    ])
  })

  test('of a person with several sources are for the one that the identity belongs to', () => {
    const linked = known('ada', 1_900_000_001, { tenant: 'acme', id: '00u1', linked: 'automatic' })
    expect(propose([wish('ada', 5001)], { ledger: [linked, ...ledger] }).lines).toMatchObject([
      { id: 'user/source/contoso/id-of-ada' },
    ])
  })
})
