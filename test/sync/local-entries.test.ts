import { expect, test } from 'vitest'
import { entraSettings, openSync, startTrustedTenants } from './sync-fixture.ts'

test('an entry that no provider brought, such as a sudo rule, is left alone by every sync', async () => {
  const tenants = await startTrustedTenants()
  try {
    const sync = await openSync({ providers: [entraSettings(tenants)] })
    await sync.engine.run('contoso', { trigger: 'test' })
    const suffix = [...sync.directory.entries()].map(({ dn }) => dn).find((dn) => dn.startsWith('dc=')) ?? ''
    const rule = {
      dn: `cn=admins,ou=sudoers,${suffix}`,
      entryUUID: '7c0d5f6e-3a43-4f0f-9d49-0f3f6d1f2a11',
      attributes: new Map([
        ['objectClass', ['top', 'sudoRole']],
        ['cn', ['admins']],
        ['sudoUser', ['%engineering']],
        ['createTimestamp', ['20261122080000Z']],
        ['modifyTimestamp', ['20261122080000Z']],
      ]),
    }
    await sync.directory.commit({
      cause: { kind: 'admin', id: 'test' },
      entries: [{ type: 'put', entry: rule }],
      records: [],
    })
    expect((await sync.engine.run('contoso', { trigger: 'test' })).outcome).toBe('unchanged')
    expect(sync.directory.entryByDn(rule.dn)).toEqual(rule)
  } finally {
    await tenants.close()
  }
})
