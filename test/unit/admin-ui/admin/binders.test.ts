import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { adminActions } from '../../../../server/directory/administrators/admin-actions.ts'
import { configSchema } from '../../../../server/runtime/config-schema.ts'
import {
  type AdministeredServer,
  startAdministeredServer,
  type Visitor,
} from '../../../builders/administered-server.ts'

const secretOf = (page: string) => /<code class="secret">([^<]+)</.exec(page)?.[1] ?? ''

const textOf = async (answer: Response) =>
  (await answer.text()).replaceAll('&#x3D;', '=').replaceAll('&quot;', '"').replaceAll('&#x27;', "'")

describe('binders', () => {
  let server: AdministeredServer
  let owner: Visitor
  let auditor: Visitor

  beforeAll(async () => {
    server = await startAdministeredServer({
      settings: { binders: [{ name: 'configured', password: 'of a test' }] },
    })
    await server.admin('ada', 'administrator')
    await server.admin('eve', 'auditor')
    owner = await server.signedIn('ada')
    auditor = await server.signedIn('eve')
  })
  afterAll(async () => {
    await server[Symbol.asyncDispose]()
  })

  const page = async (path: string, by = owner) => textOf(await by.get(path))

  test('one is added, its secret shown once, and what was done is recorded without it', async () => {
    const answer = await owner.post('/admin/binders', {
      name: 'web-hosts',
      subtrees: 'ou=people,dc=example,dc=com\r\n ou=groups,dc=example,dc=com ',
      attributes: 'uid, cn mail',
      networks: '192.0.2.0/24',
      requireTls: 'yes',
    })
    expect(answer.status).toBe(200)
    const secret = secretOf(await textOf(answer))
    expect(secret).toMatch(/^[a-z2-7]{8}(-[a-z2-7]{8}){3}$/)
    const [action] = await adminActions(server.directory.store)
    expect(action).toMatchObject({ by: 'ada', event: 'binder added', subject: 'web-hosts', before: null })
    expect(JSON.stringify([action, server.logged])).not.toContain(secret)
    const shown = await page('/admin/binders/web-hosts')
    expect(shown).not.toContain(secret)
    expect(shown).toContain('cn=web-hosts,ou=services,dc=example,dc=com')
    expect(shown).toContain('ou=people,dc=example,dc=com and ou=groups,dc=example,dc=com')
    expect(shown).toContain('only uid, cn, mail')
  })

  test('as configuration it is an object that the configuration accepts', async () => {
    const [, text = ''] = /<pre class="secret">([^<]+)</.exec(await page('/admin/binders/web-hosts')) ?? []
    const written: unknown = JSON.parse(text)
    expect(configSchema.parse({ binders: [written] }).binders).toMatchObject([
      {
        name: 'web-hosts',
        password: { env: 'WEB_HOSTS_PASSWORD' },
        attributes: ['uid', 'cn', 'mail'],
        networks: ['192.0.2.0/24'],
        requireTls: true,
      },
    ])
  })

  test('what is wrong stands beside its field, and what was typed stays', async () => {
    const answer = await owner.post('/admin/binders', { name: 'no blanks', networks: '10.0.0.0/33', filter: '(uid' })
    expect(answer.status).toBe(422)
    const shown = await textOf(answer)
    expect(shown).toMatch(/aria-invalid="true">\s*<span class="error" id="name-error">is not a binder name/)
    expect(shown).toContain('value="(uid"')
    const alone = await textOf(
      await owner.post('/admin/binders', { name: 'x', networks: '10.0.0.0/33', filter: '(uid' }),
    )
    expect(alone).toContain('"10.0.0.0/33" has a prefix that is not 0 to 32')
    expect(alone).toContain('"(uid"')
    const taken = await owner.post('/admin/binders', { name: 'CONFIGURED' })
    expect([taken.status, await textOf(taken)]).toEqual([422, expect.stringContaining('There is a binder')])
  })

  test('what it may do is changed; a filter alone is one for the whole tree', async () => {
    const path = '/admin/binders/web-hosts/edit'
    expect(await page(path)).toContain('value="uid cn mail"')
    const wrong = await owner.post(path, { networks: 'nowhere' })
    expect([wrong.status, await textOf(wrong)]).toEqual([422, expect.stringContaining('>nowhere</textarea>')])
    expect((await owner.post(path, { filter: '(uid=a*)', mayNotSearch: 'yes' })).status).toBe(303)
    const shown = await page('/admin/binders/web-hosts')
    expect(shown).toContain('What web-hosts may do is changed, for open connections too.')
    expect(shown).toContain('dc=example,dc=com with (uid=a*)')
    expect(shown).toContain('may not search')
    const [action] = await adminActions(server.directory.store)
    expect(action).toMatchObject({
      event: 'binder changed',
      before: { requireTls: true },
      after: { requireTls: false },
    })
  })

  test('a new secret leaves the old one for some days, and says which clients are still on it', async () => {
    const stored = (await server.administration.binders.list()).find((one) => !one.isConfigured)
    const use = { credential: stored?.secrets[0]?.id ?? '', address: '192.0.2.7', binder: null }
    await server.directory.commit({
      cause: { kind: 'server', id: 'sign-in' },
      entries: [],
      records: [
        {
          collection: 'activity',
          key: ['binder', 'web-hosts'],
          value: { uses: [{ ...use, at: server.clock.now().toISOString() }] },
        },
      ],
    })
    const path = '/admin/binders/web-hosts/rotate'
    for (const overlapDays of ['', '-1', 'x', '1.5', '366'])
      expect((await owner.post(path, { overlapDays })).status).toBe(422)
    const answer = await owner.post(path, { overlapDays: '3' })
    expect(await textOf(answer)).toContain('works for 3 more days')
    const shown = await page('/admin/binders/web-hosts')
    expect(shown).toMatch(/Being replaced.*in 3 days.*192\.0\.2\.7/s)
    expect(await page('/admin/binders')).toContain('Old secret used, ends in 3 days')
  })

  test('it is removed by whoever ticks the box, and the form says who uses it', async () => {
    expect(await page('/admin/binders/web-hosts')).toMatch(/1 client has used it.*192\.0\.2\.7/s)
    const path = '/admin/binders/web-hosts/remove'
    expect((await owner.post(path)).status).toBe(422)
    expect((await owner.post(path, { sure: 'yes' })).headers.get('location')).toBe('/admin/binders')
    expect(await page('/admin/binders')).toContain('web-hosts is removed')
    expect((await owner.get('/admin/binders/web-hosts')).status).toBe(404)
  })

  test('one of the configuration is shown and changed by nobody', async () => {
    const shown = await page('/admin/binders/Configured')
    expect(shown).toContain('This binder is in the configuration file')
    expect(shown).not.toContain('of a test')
    expect(shown).not.toContain('action="/admin/binders')
    expect((await owner.get('/admin/binders/configured/edit')).status).toBe(409)
    expect((await owner.post('/admin/binders/configured/edit')).status).toBe(422)
    for (const [action, fields] of [
      ['rotate', { overlapDays: '1' }],
      ['remove', { sure: 'yes' }],
    ] as const)
      expect((await owner.post(`/admin/binders/configured/${action}`, fields)).status).toBe(422)
    expect(await page('/admin/binders')).toContain('configuration file')
  })

  test('an Auditor looks, and finds no form', async () => {
    const list = await page('/admin/binders', auditor)
    expect(list).toContain('configured')
    expect(list).not.toContain('Add a binder')
  })

  test('what there is not is not found, and other methods are refused', async () => {
    expect((await owner.get('/admin/binders/nobody')).status).toBe(404)
    expect((await owner.post('/admin/binders/nobody/remove', { sure: 'yes' })).status).toBe(404)
    expect((await owner.get('/admin/binders/configured/remove')).status).toBe(405)
  })
})
