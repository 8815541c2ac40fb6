import { test } from 'vitest'
import { entraSettings, oktaSettings, openSync, servedEntries, startTrustedTenants } from './sync-fixture.ts'

test('scratch', async () => {
  await using tenants = await startTrustedTenants()
  const sync = await openSync({ providers: [entraSettings(tenants), oktaSettings(tenants)] })
  const a = await sync.engine.run('contoso', { trigger: 'manual' })
  console.log(JSON.stringify({ ...a, changes: a.changes.length }, null, 1))
  const b = await sync.engine.run('acme', { trigger: 'manual' })
  console.log(JSON.stringify({ ...b, changes: b.changes.length }, null, 1))
  const c = await sync.engine.run('acme', { trigger: 'manual' })
  console.log(JSON.stringify({ ...c, changes: c.changes }, null, 1))
  const served = servedEntries(sync.directory)
  console.log(
    Object.keys(served).length,
    JSON.stringify(
      Object.entries(served).filter((_, i) => i % 40 === 0),
      null,
      1,
    ),
  )
  console.log(Object.keys(served).filter((d) => d.startsWith('cn=')))
})
