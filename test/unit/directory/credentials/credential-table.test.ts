import { expect, test } from 'vitest'
import { credentialChange, directoryPassword } from '../../../../server/directory/credentials/credential-records.ts'
import { CredentialTable } from '../../../../server/directory/credentials/credential-table.ts'

const at = new Date(0)

test('credentials are those of the records, the last of each id', () => {
  const table = new CredentialTable()
  table.apply(directoryPassword('u1', 'old', at))
  table.apply(directoryPassword('u1', 'new', at))
  table.apply(credentialChange('u1', 'ldif:0', { kind: 'imported', hash: '{CLEARTEXT}other' }))
  table.apply(directoryPassword('u2', 'elsewhere', at))
  expect(table.credentials('u1').map(([id]) => id)).toEqual(['directory', 'ldif:0'])
  expect(table.credential('u1', 'directory')).toMatchObject({ hash: 'new' })
  expect(table.credentials('u3').length).toBe(0)
})

test.each([
  [undefined],
  [null],
  ['x'],
  [5],
  [[]],
  [{ hash: 'x' }],
  [{ kind: 'directory' }],
  [{ kind: 'later', hash: 'x' }],
])('a credential goes with a record that is %j', (gone) => {
  const table = new CredentialTable()
  table.apply(directoryPassword('u1', 'secret', at))
  table.apply({ collection: 'credential', key: ['u1', 'directory'], value: gone })
  expect(table.credentials('u1').length).toBe(0)
})

test('the version moves with every change, and with the removal of what was not there', () => {
  const table = new CredentialTable()
  const versions = [
    directoryPassword('u1', 'secret', at),
    credentialChange('u1', 'directory', undefined),
    credentialChange('u1', 'provider', undefined),
    { collection: 'account', key: ['u1'], value: { block: null, passThrough: 'never' } } as const,
  ].map((change) => {
    table.apply(change)
    return table.version('u1')
  })
  expect(new Set([0, ...versions]).size).toBe(5)
  expect(table.version('u2')).toBe(0)
})

test('the version stays when a password that a provider found right is kept', () => {
  const table = new CredentialTable()
  const kept = { kind: 'provider', provider: 'contoso', sourceId: 'x', hash: 'x', checkedAt: at.toISOString() } as const
  table.apply(credentialChange('u1', 'provider', kept))
  expect(table.version('u1')).toBe(0)
})
