import { expect, test } from 'vitest'
import { entraSettings, oktaSettings, openSync, startTrustedTenants } from './sync-fixture.ts'

test('the directory counts as filled only when every provider has been read once, and then for good', async () => {
  const tenants = await startTrustedTenants()
  try {
    const sync = await openSync({ providers: [entraSettings(tenants), oktaSettings(tenants)] })
    const isFilled = async () => (await sync.directory.store.get('meta', ['filled'])) === true
    tenants.okta.tenant.faults.add({ kind: 'unauthorized', times: Number.POSITIVE_INFINITY })
    expect((await sync.engine.run('contoso', { trigger: 'test' })).outcome).toBe('applied')
    expect((await sync.engine.run('acme', { trigger: 'test' })).outcome).toBe('failed')
    expect(await isFilled()).toBe(false)
    tenants.okta.tenant.faults.clear()
    expect((await sync.engine.run('acme', { trigger: 'test' })).outcome).toBe('applied')
    expect(await isFilled()).toBe(true)
    tenants.okta.tenant.faults.add({ kind: 'unauthorized', times: Number.POSITIVE_INFINITY })
    expect((await sync.engine.run('acme', { trigger: 'test' })).outcome).toBe('failed')
    expect(await isFilled()).toBe(true)
  } finally {
    await tenants.close()
  }
})
