import { compareSync } from 'bcryptjs'
import { expect, test } from 'vitest'
import { createBcryptPool } from '../../../../server/directory/authentication/bcrypt-pool.ts'
import {
  credentialChange,
  type CredentialRecord,
  type ImportedPassword,
} from '../../../../server/directory/credentials/credential-records.ts'
import { createImportUpgrades, isOfImport } from '../../../../server/directory/credentials/imported-passwords.ts'
import { frank, openTestAccounts } from '../../../builders/sign-in-accounts.ts'

const found = { entryUUID: frank, id: 'ldif:0', stored: '{CLEARTEXT}secret', password: 'secret' }

async function start() {
  const opened = await openTestAccounts()
  const bcrypt = createBcryptPool(1)
  const problems: unknown[] = []
  const upgrades = createImportUpgrades({
    ...opened,
    bcrypt,
    bcryptCost: () => 4,
    onProblem: (error) => problems.push(error),
  })
  const write = (record: CredentialRecord | undefined) =>
    opened.directory.commit({
      cause: { kind: 'server', id: 'test' },
      entries: [],
      records: [credentialChange(frank, 'ldif:0', record)],
    })
  await write({ kind: 'imported', hash: found.stored })
  return {
    upgrades,
    problems,
    write,
    key: () => opened.macKeys.find('imported-password'),
    stored: async () => (await opened.directory.store.get('credential', [frank, 'ldif:0'])) as ImportedPassword,
    async [Symbol.asyncDispose]() {
      await upgrades[Symbol.asyncDispose]()
      await bcrypt[Symbol.asyncDispose]()
      await opened[Symbol.asyncDispose]()
    },
  }
}

test('what a file holds is replaced by a bcrypt hash, which is known to be of it', async () => {
  await using started = await start()
  const { upgrades, key, stored, problems } = started
  expect(isOfImport(await stored(), found.stored, undefined)).toBe(true)
  upgrades.upgrade(found)
  upgrades.upgrade(found)
  await upgrades.idle()
  const record = await stored()
  expect(record.kind).toBe('imported')
  expect(compareSync('secret', record.hash)).toBe(true)
  expect(JSON.stringify(record)).not.toContain('secret')
  expect(isOfImport(record, found.stored, await key())).toBe(true)
  expect(isOfImport(record, '{CLEARTEXT}other', await key())).toBe(false)
  expect(isOfImport(record, found.stored, Buffer.alloc(32))).toBe(false)
  expect(isOfImport(record, found.stored, undefined)).toBe(false)
  expect(problems).toEqual([])
})

test('what the file holds by then stays as it is', async () => {
  await using started = await start()
  const { upgrades, stored, write } = started
  await write({ kind: 'imported', hash: '{CLEARTEXT}other' })
  upgrades.upgrade(found)
  await upgrades.idle()
  expect(await stored()).toEqual({ kind: 'imported', hash: '{CLEARTEXT}other' })
  await write(undefined)
  upgrades.upgrade(found)
  await upgrades.idle()
  expect(await stored()).toBeUndefined()
})

test('nothing is begun once it is closed', async () => {
  await using started = await start()
  const { upgrades, stored } = started
  await upgrades[Symbol.asyncDispose]()
  upgrades.upgrade(found)
  await upgrades.idle()
  expect(await stored()).toEqual({ kind: 'imported', hash: found.stored })
})
