import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pauseCommand, resumeCommand, undoCommand } from '../../../../server/commands/pause-command.ts'
import { planApproveCommand } from '../../../../server/commands/plan-command.ts'
import type { Command } from '../../../../server/commands/command.ts'
import type { SimulatedTenants } from '../../../../demo/simulated-tenants.ts'
import {
  type AdministeredServer,
  startAdministeredServer,
  type Visitor,
} from '../../../builders/administered-server.ts'
import { entraUserId, fillSmallTenants } from '../../../sync/small-tenants.ts'
import { entraSettings, oktaSettings, startTrustedTenants } from '../../../sync/sync-fixture.ts'

const extraPeople = Array.from({ length: 60 }, (_, index) => entraUserId(100 + index))

describe('the sync, administered', () => {
  let tenants: SimulatedTenants
  let server: AdministeredServer
  let ada: Visitor
  let auditor: Visitor

  beforeAll(async () => {
    tenants = await startTrustedTenants({ data: 'empty', pageSize: 100 })
    fillSmallTenants(tenants)
    for (const [index, id] of extraPeople.entries())
      tenants.entra.tenant.directory.addUser({ id, userPrincipalName: `extra${index}@contoso.example` })
    server = await startAdministeredServer({
      providers: [
        entraSettings(tenants, { reportTo: ['it@contoso.example'] }),
        oktaSettings(tenants, { enrollment: 'send-enrollment-email' }),
      ],
      settings: {
        smtp: { url: 'smtp://127.0.0.1:2525', from: 'rosterd@example.com', reportTo: ['ops@example.com'] },
        notify: [{ url: 'https://chat.example.com/hooks/secret-part', secret: 'of a test' }],
      },
    })
    for (const role of ['owner', 'auditor'] as const) await server.admin(role, role)
    ada = await server.signedIn('owner')
    auditor = await server.signedIn('auditor')
  })
  afterAll(async () => {
    await server[Symbol.asyncDispose]()
    await tenants.close()
  })

  const text = async (visitor: Visitor, path: string) =>
    (await (await visitor.get(path)).text()).replaceAll('&#x3D;', '=')
  const lastAction = async () => (await server.administration.actions(1))[0]
  const runs = () => server.administration.sync.list()
  /** Resolves when no run is under way. */
  const quiet = () => server.workspace.engine.exclusively(async () => undefined)
  const heldHash = async () => (await server.administration.sync.held('contoso'))?.hash ?? ''
  /** The page that a form leads to, with its notice. */
  async function after(answer: Response, visitor = ada): Promise<string> {
    expect(answer.status).toBe(303)
    return await text(visitor, answer.headers.get('location') ?? '')
  }

  test('before anything has run the page says so', async () => {
    const page = await text(ada, '/admin/sync')
    expect(page).toContain('Never read')
    expect(page).toContain('Nothing has run yet.')
    expect(await text(ada, '/admin/sync/held/contoso')).toContain('No changes of Contoso are held.')
    expect(await text(ada, '/admin/sync/enrollment')).toContain('Nobody is enrolled by mail.')
  })

  test('"Sync now" answers at once, and the run goes on by itself and is recorded as asked for', async () => {
    const page = await after(await ada.post('/admin/sync/providers/contoso/start'))
    expect(page).toContain('Sync initiated successfully')
    await quiet()
    const [run] = await runs()
    expect(run).toMatchObject({ provider: 'contoso', trigger: 'manual by owner', outcome: 'applied', mode: 'full' })
    expect(await lastAction()).toMatchObject({
      by: 'owner',
      address: '127.0.0.1',
      event: 'sync started',
      subject: 'contoso',
    })
    expect(await text(auditor, '/admin/sync')).toContain('Asked for by owner')
  })

  test('"Full sync" reads everything though changes would do', async () => {
    await after(await ada.post('/admin/sync/providers/contoso/start', { full: 'yes' }))
    await quiet()
    expect((await runs())[0]).toMatchObject({ mode: 'full', fullBecause: 'asked for', outcome: 'unchanged' })
    expect(await lastAction()).toMatchObject({ event: 'full sync started' })
  })

  test('however often it is asked for, one run waits for its turn', async () => {
    const before = (await runs()).length
    const other = Promise.withResolvers<void>()
    const busy = server.workspace.engine.exclusively(() => other.promise)
    await after(await ada.post('/admin/sync/providers/contoso/start'))
    expect(await after(await ada.post('/admin/sync/providers/contoso/start'))).toContain(
      'A sync of Contoso waits for its turn already.',
    )
    expect(await text(auditor, '/admin/sync')).toContain('Waits for its turn')
    other.resolve()
    await busy
    await quiet()
    expect((await runs()).length).toBe(before + 1)
  })

  test('a run that fails is shown with its reason', async () => {
    tenants.entra.tenant.faults.add({ kind: 'forbidden', path: '/users' })
    await after(await ada.post('/admin/sync/providers/contoso/start', { full: 'yes' }))
    await quiet()
    const [run] = await runs()
    expect(run?.outcome).toBe('failed')
    expect(await text(ada, '/admin/sync')).toContain('The last run failed:')
  })

  test('what is held is shown as a whole, a page at a time, and who may only look gets no form', async () => {
    for (const id of extraPeople) tenants.entra.tenant.directory.removeUser(id)
    await server.workspace.engine.run('contoso', { trigger: 'schedule', full: true })
    const page = await text(ada, '/admin/sync/held/contoso')
    expect(page).toContain('60 changes: 60 removed users')
    expect(page).toContain('1–50 of 60')
    expect(page.match(/no longer in contoso/g)).toHaveLength(50)
    expect((await text(ada, '/admin/sync/held/contoso?page=2')).match(/no longer in contoso/g)).toHaveLength(10)
    expect(await text(auditor, '/admin/sync/held/contoso')).not.toContain('<button type="submit">Approve')
    expect(await text(auditor, '/admin/sync')).toContain('60 changes are held')
    // Served still are all 65 of them.
    expect(await text(auditor, '/admin/sync')).toMatch(/<td class="number">5<\/td>\s*<td class="number">65<\/td>/)
  })

  test('a plan that is another by now is asked about again, and nothing is done', async () => {
    const stale = await ada.post('/admin/sync/held/contoso/approve', { hash: '0'.repeat(64), sure: 'yes' })
    expect(stale.status).toBe(422)
    expect(await stale.text()).toContain('The held changes are others now than those you looked at')
    const looked = await heldHash()
    tenants.entra.tenant.directory.removeUser(entraUserId(5))
    await server.workspace.engine.run('contoso', { trigger: 'schedule', full: true })
    expect(await heldHash()).not.toBe(looked)
    for (const action of ['approve', 'discard']) {
      const answer = await ada.post(`/admin/sync/held/contoso/${action}`, { hash: looked, sure: 'yes' })
      expect([answer.status, (await answer.text()).includes('61 changes')]).toEqual([422, true])
    }
  })

  test('an approval has to be ticked', async () => {
    const answer = await ada.post('/admin/sync/held/contoso/approve', { hash: await heldHash() })
    expect([answer.status, (await answer.text()).includes('Tick the box first.')]).toEqual([422, true])
  })

  test('what was discarded stays held and asks no more; approved, exactly it is applied by who approved', async () => {
    const hash = await heldHash()
    expect(await after(await ada.post('/admin/sync/held/contoso/discard', { hash }))).toContain('stay held')
    expect(await lastAction()).toMatchObject({ by: 'owner', event: 'held changes discarded', subject: 'contoso' })
    expect(await text(ada, '/admin/sync/held/contoso')).toContain('Discarded')
    const page = await after(await ada.post('/admin/sync/held/contoso/approve', { hash, sure: 'yes' }))
    expect(page).toContain('of Contoso applied.')
    expect(page).toContain('Approved by owner')
    expect(await lastAction()).toMatchObject({
      by: 'owner',
      event: 'held changes approved',
      before: { changes: 61, plan: hash.slice(0, 12) },
    })
    expect((await runs())[0]).toMatchObject({ trigger: 'approve by owner', outcome: 'applied' })
    expect(await server.administration.sync.held('contoso')).toBeUndefined()
  })

  test('a provider is paused with a reason, shown everywhere, and resumed', async () => {
    const answer = await ada.post('/admin/sync/providers/contoso/pause', { reason: ' ' })
    expect([answer.status, (await answer.text()).includes('Say why.')]).toEqual([422, true])
    await after(await ada.post('/admin/sync/providers/contoso/pause', { reason: 'the tenant moves' }))
    expect(await lastAction()).toMatchObject({ event: 'provider paused', after: { reason: 'the tenant moves' } })
    for (const path of ['/admin', '/admin/sync']) expect(await text(auditor, path)).toContain('the tenant moves')
    const again = await ada.post('/admin/sync/providers/contoso/pause', { reason: 'once more' })
    expect([again.status, (await again.text()).includes('is paused already')]).toEqual([422, true])
    expect(await after(await ada.post('/admin/sync/providers/contoso/resume'))).toContain('Contoso is resumed')
    expect(await lastAction()).toMatchObject({ event: 'provider resumed', before: { reason: 'the tenant moves' } })
    const resumed = await ada.post('/admin/sync/providers/contoso/resume')
    expect([resumed.status, (await resumed.text()).includes('contoso is not paused')]).toEqual([422, true])
  })

  test('a run is taken back, which pauses its provider, and cannot be taken back twice', async () => {
    tenants.entra.tenant.directory.updateUser(entraUserId(1), { jobTitle: 'Captain' })
    const { id } = await server.workspace.engine.run('contoso', { trigger: 'schedule' })
    const address = `/admin/sync/runs/${id}`
    const page = await text(ada, address)
    expect(page).toContain('Takes back the 1 change of this run, and pauses Contoso')
    expect(await text(auditor, address)).not.toContain('Takes back')
    expect((await ada.post(`${address}/undo`)).status).toBe(422)
    const undone = await after(await ada.post(`${address}/undo`, { sure: 'yes' }))
    expect(undone).toContain('1 entry is as before, and contoso is paused')
    // The run of the undo lists what it put back.
    expect(undone).toContain('uid=person1,ou=people,dc=example,dc=com')
    expect(await lastAction()).toMatchObject({ by: 'owner', event: 'sync run undone', subject: id })
    const twice = await ada.post(`${address}/undo`, { sure: 'yes' })
    expect([twice.status, (await twice.text()).includes('is undone already')]).toEqual([422, true])
    expect((await server.administration.actions(1))[0]).toMatchObject({ event: 'sync run undone: failed' })
    await after(await ada.post('/admin/sync/providers/contoso/resume'))
  })

  test('what a command does is in the record too', async () => {
    const { workspace } = server
    const run = <Input, Value>(command: Command<Input, Value>, input: Input) =>
      command.execute(workspace, input, () => undefined, new AbortController().signal)
    await run(pauseCommand, { provider: 'contoso', reason: 'moving house', by: 'root' })
    expect(await lastAction()).toMatchObject({ by: 'root', address: null, event: 'provider paused' })
    await run(resumeCommand, { provider: 'contoso', by: 'root' })
    expect(await lastAction()).toMatchObject({ event: 'provider resumed', before: { reason: 'moving house' } })
    await expect(run(planApproveCommand, { hash: 'latest', by: 'root' })).rejects.toThrow('no changes are held')
    await expect(run(undoCommand, { run: 'contoso/none', by: 'root' })).rejects.toThrow('there is no run')
    expect(await lastAction()).toMatchObject({ event: 'sync run undone: failed', subject: 'contoso/none' })
  })

  test('whoever was signed out meanwhile changes nothing', async () => {
    const by = { name: 'owner', address: '127.0.0.1', mayStill: async () => false }
    const { sync } = server.administration
    const before = (await runs()).length
    await expect(sync.start('contoso', false, by)).rejects.toThrow('You were signed out meanwhile')
    await expect(sync.pause('contoso', 'why not', by)).rejects.toThrow('You were signed out meanwhile')
    expect([(await runs()).length, (await sync.status())[0]?.pause, (await sync.status())[0]?.isWaiting]).toEqual([
      before,
      null,
      false,
    ])
  })

  describe('history and logs', () => {
    test('are filtered by provider, outcome, trigger and text', async () => {
      const found = async (query: string) =>
        (await text(auditor, `/admin/sync/runs?${query}`)).match(/ of (\d+)<\/p>/)?.[1]
      const all = await runs()
      expect(await found('')).toBe(String(all.length))
      const asked = all.filter(({ trigger }) => trigger === 'manual by owner')
      expect(await found('trigger=asked')).toBe(String(asked.length))
      expect(await found('outcome=failed&provider=contoso')).toBe('1')
      expect(await found('provider=acme')).toBe('0')
      expect(await found('search=APPROVED+by+owner')).toBe('1')
      expect((await auditor.get('/admin/sync/runs?outcome=odd')).status).toBe(400)
    })

    test('are downloaded as they are filtered, as CSV and JSON lines', async () => {
      const csv = await auditor.get('/admin/sync/runs.csv?trigger=approval')
      expect(csv.headers.get('content-disposition')).toBe('attachment; filename="sync-runs.csv"')
      const [header, line, end] = (await csv.text()).split('\r\n')
      expect(header).toMatch(/^run,provider,trigger,started/)
      expect(line).toContain(',contoso,approve by owner,')
      expect(end).toBe('')
      const lines = (await text(auditor, '/admin/sync/runs.jsonl?outcome=failed')).trim().split('\n')
      expect(lines.map((one) => JSON.parse(one) as object)).toMatchObject([{ provider: 'contoso', outcome: 'failed' }])
    })

    test('so are their changes, beyond those that a run lists too', async () => {
      const rows = (await text(auditor, '/admin/sync/changes.csv?trigger=approval')).trim().split('\r\n')
      expect(rows).toHaveLength(61 + 1)
      expect(rows[1]).toMatch(/,remove,"uid=extra0,/)
      const undo = (await text(auditor, '/admin/sync/changes.jsonl?trigger=undo')).trim().split('\n')
      expect(undo.map((one) => JSON.parse(one) as object)).toMatchObject([
        { action: 'update', dn: 'uid=person1,ou=people,dc=example,dc=com', attributes: ['title'] },
      ])
    })

    test.each(['contoso/2020-01-01T00:00:00.000Z', 'nobody/2020-01-01T00:00:00.000Z'])(
      'there is no run %s',
      async (id) => {
        expect((await ada.get(`/admin/sync/runs/${id}`)).status).toBe(404)
        expect((await ada.post(`/admin/sync/runs/${id}/undo`, { sure: 'yes' })).status).toBe(404)
      },
    )
  })

  test.each(['/admin/sync/held/nobody', '/admin/sync/providers/nobody/start', '/admin/sync/providers/nobody/pause'])(
    '%s is an address of no provider',
    async (path) => {
      const answer = path.includes('held') ? await ada.get(path) : await ada.post(path, { reason: 'x' })
      expect(answer.status).toBe(404)
    },
  )

  test.each([
    ['GET', '/admin/sync/providers/contoso/start'],
    ['GET', '/admin/sync/held/contoso/approve'],
    ['POST', '/admin/sync/runs'],
    ['POST', '/admin/sync/events'],
  ])('%s %s is not allowed', async (method, path) => {
    const answer = method === 'GET' ? await ada.get(path) : await ada.post(path)
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, method === 'GET' ? 'POST' : 'GET, HEAD'])
  })

  test('who gets reports is said, and no secret of an address', async () => {
    const page = await text(auditor, '/admin/sync')
    for (const part of ['ops@example.com', 'it@contoso.example', 'https://chat.example.com'])
      expect(page).toContain(part)
    expect(page).not.toContain('secret-part')
  })

  describe('enrollment', () => {
    test('invitations of a first run wait, are asked about with their number, and sent', async () => {
      await server.workspace.engine.run('acme', { trigger: 'schedule' })
      expect(await text(ada, '/admin/sync')).toContain('5 newcomers wait to be invited')
      expect(await text(auditor, '/admin/sync/enrollment')).not.toContain('Send enrollment email</button>')
      const fewer = await ada.post('/admin/sync/enrollment/send', { count: '4', sure: 'yes' })
      expect([fewer.status, (await fewer.text()).includes('5 people wait for an invitation now, not 4')]).toEqual([
        422,
        true,
      ])
      expect((await ada.post('/admin/sync/enrollment/send', { count: '5' })).status).toBe(422)
      const page = await after(await ada.post('/admin/sync/enrollment/send', { count: '5', sure: 'yes' }))
      expect(page).toContain('5 invitations are on the way.')
      expect(await lastAction()).toMatchObject({ by: 'owner', event: 'invitations sent', after: { people: 5 } })
    })

    test('one is sent again', async () => {
      const [person] = await server.administration.sync.enrollments()
      const answer = await ada.post(`/admin/sync/enrollment/${person?.entryUUID}/resend`)
      expect(await after(answer)).toContain(`A new link is on the way to ${person?.name}`)
      expect(await lastAction()).toMatchObject({ event: 'invitation sent again', subject: person?.name })
      expect((await ada.post('/admin/sync/enrollment/nobody/resend')).status).toBe(422)
    })
  })

  test('a run that could not even begin is in the record', async () => {
    const { engine } = server.workspace
    const other = Promise.withResolvers<void>()
    const busy = engine.exclusively(() => other.promise)
    await after(await ada.post('/admin/sync/providers/contoso/start'))
    const closed = engine.close()
    other.resolve()
    await Promise.all([busy, closed])
    await server.background.close()
    expect(await lastAction()).toMatchObject({ event: 'sync started: failed', subject: 'contoso' })
    expect(server.logged).toContainEqual(expect.objectContaining({ message: 'work that was asked for failed' }))
  })
})
