import { expect, test } from 'vitest'
import { openMemoryStore } from '../../../server/storage/memory-store.ts'
import { type CredentialHealth, healthRecord, readCredentialHealth } from '../../../sync/credential-health.ts'
import { fakeClock } from '../../sync/fake-clock.ts'

const health: CredentialHealth = {
  name: 'credentials[0]',
  kind: 'application',
  purposes: ['users', 'groups'],
  authorizedBy: null,
  lastTried: '2026-03-01T08:00:00.000Z',
  lastSuccess: '2026-03-01T08:00:00.000Z',
  ok: true,
  problem: null,
  expires: null,
}

test('the health of every credential is listed with its provider, other state of a provider is not', async () => {
  const store = openMemoryStore({ clock: fakeClock() })
  const write = (...records: Parameters<typeof store.commit>[0]['records']) =>
    store.commit({ cause: { kind: 'server', id: 'test' }, entries: [], records })
  await write(
    healthRecord('contoso', health.name, health),
    healthRecord('acme', 'apiToken', { ...health, name: 'apiToken', kind: 'apiToken', ok: false, problem: 'refused' }),
    { collection: 'provider', key: ['contoso', 'pause'], value: true },
  )
  expect(await readCredentialHealth(store)).toEqual([
    { ...health, provider: 'acme', name: 'apiToken', kind: 'apiToken', ok: false, problem: 'refused' },
    { ...health, provider: 'contoso' },
  ])
  await write(healthRecord('acme', 'apiToken', undefined))
  expect((await readCredentialHealth(store)).map(({ provider }) => provider)).toEqual(['contoso'])
})
