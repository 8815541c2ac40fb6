import { expect, test } from 'vitest'
import { credentialChange } from '../../../../server/directory/credentials/credential-records.ts'
import { openDirectory } from '../../../../server/directory/directory.ts'
import { LdapError } from '../../../../server/protocol/ldap-error.ts'
import { ResultCode } from '../../../../server/protocol/result-code.ts'
import { configSchema } from '../../../../server/runtime/config-schema.ts'
import { openMemoryStore } from '../../../../server/storage/memory-store.ts'
import { createKeptPasswords } from '../../../../sync/pass-through/kept-passwords.ts'
import { fakeClock } from '../../../sync/fake-clock.ts'

test('when there is no time to compare, a wrong password drops what is kept', async () => {
  const directory = await openDirectory(openMemoryStore(), 'dc=example,dc=com')
  const record = { kind: 'provider', provider: 'acme', sourceId: '1', hash: '$2b$08$x', checkedAt: 'then' } as const
  await directory.commit({
    cause: { kind: 'server', id: 'test' },
    entries: [],
    records: [credentialChange('ada', 'provider', record)],
  })
  const busy = () => Promise.reject(new LdapError(ResultCode.busy, 'too many'))
  const kept = createKeptPasswords({
    directory,
    bcrypt: { compare: busy, hash: busy },
    config: configSchema.parse({ passwords: { cachedPassThroughHours: 1 } }),
    clock: fakeClock(),
  })
  await kept.dropIfSame('grace', 'x')
  await kept.dropIfSame('ada', 'x')
  expect(await directory.store.get('credential', ['ada', 'provider'])).toBeUndefined()
})
