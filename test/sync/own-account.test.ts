import { afterAll, expect, test } from 'vitest'
import { ownAccount } from '../../server/self-service.ts'
import { entraUserId, fillSmallTenants } from './small-tenants.ts'
import { entraSettings, openSync, startTrustedTenants } from './sync-fixture.ts'

const parts = new AsyncDisposableStack()
afterAll(() => parts.disposeAsync())

/** person1, known since the first run under this setting; the immutable id is the entryUUID. */
async function opened(enrollment: string) {
  const tenants = parts.use(await startTrustedTenants({ data: 'empty' }))
  fillSmallTenants(tenants)
  const sync = await openSync({
    providers: [entraSettings(tenants, { enrollment })],
    settings: { smtp: { url: 'smtp://127.0.0.1:9', from: 'rosterd@corp.example' } },
  })
  const run = () => sync.engine.run('contoso', { trigger: 'test' })
  await run()
  return { truth: tenants.entra.tenant.directory, run, page: () => ownAccount(sync, entraUserId(1)) }
}

test('whoever is served has a page', async () => {
  const { page } = await opened('only-sync')
  expect(await page()).toMatchObject({ dn: 'uid=person1,ou=people,dc=example,dc=com', groups: ['Inner', 'Outer'] })
})

test('whoever is invited has a page before they are served', async () => {
  const { page } = await opened('send-enrollment-email')
  expect(await page()).toMatchObject({ name: 'person1@contoso.example', dn: undefined })
})

test.each(['only-sync', 'trust-email', 'send-enrollment-email'])(
  'whoever is disabled at the provider has none until that is over, with %s',
  async (enrollment) => {
    const { page, truth, run } = await opened(enrollment)
    expect(await page()).toBeDefined()
    truth.updateUser(entraUserId(1), { accountEnabled: false })
    await run()
    expect(await page()).toBeUndefined()
    truth.updateUser(entraUserId(1), { accountEnabled: true })
    await run()
    expect(await page()).toBeDefined()
  },
)
