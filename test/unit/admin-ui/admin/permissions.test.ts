import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { adminRouteTable } from '../../../../admin-ui/admin/routes.ts'
import { loadViews } from '../../../../admin-ui/views.ts'
import type { Role } from '../../../../server/directory/administrators/admin-records.ts'
import { type AdministeredServer, startAdministeredServer } from '../../../builders/administered-server.ts'

const owner: readonly Role[] = ['owner']
const administrators: readonly Role[] = ['owner', 'administrator']
const allButAuditor: readonly Role[] = ['owner', 'administrator', 'user-manager']
const everybody: readonly Role[] = ['owner', 'administrator', 'user-manager', 'auditor']

/** Who may use which route; `null`: no sign-in is needed. Every route has a row. */
const expected: Readonly<Record<string, readonly Role[] | null>> = {
  'GET /admin/sign-in': null,
  'POST /admin/sign-in': null,
  'POST /admin/sign-in/:provider': null,
  'GET /admin/callback': null,
  'GET /admin/setup/:token': null,
  'POST /admin/setup/:token': null,
  'POST /admin/sign-out': null,
  'GET /admin': everybody,
  'GET /admin/binders': everybody,
  'POST /admin/binders': administrators,
  'GET /admin/binders/:name': everybody,
  'GET /admin/binders/:name/edit': administrators,
  'POST /admin/binders/:name/edit': administrators,
  'POST /admin/binders/:name/rotate': administrators,
  'POST /admin/binders/:name/remove': administrators,
  'GET /admin/binders/:name/clients': everybody,
  'GET /admin/binders/:name/host': everybody,
  'GET /admin/binders/:name/events': everybody,
  'GET /admin/binders/:name/host/rosterd-host.sh': everybody,
  'GET /admin/users': everybody,
  'GET /admin/users.csv': everybody,
  'GET /admin/access-review.csv': everybody,
  'GET /admin/users.ldif': everybody,
  'GET /admin/users/:id': everybody,
  'POST /admin/users/:id/sync': allButAuditor,
  'POST /admin/users/:id/invitation': allButAuditor,
  'POST /admin/users/:id/password': allButAuditor,
  'POST /admin/users/:id/revoke': allButAuditor,
  'POST /admin/users/:id/block': allButAuditor,
  'POST /admin/users/:id/unblock': allButAuditor,
  'POST /admin/users/:id/app-passwords/revoke': allButAuditor,
  'POST /admin/users/:id/second-factor/remove': allButAuditor,
  'GET /admin/explain': everybody,
  'GET /admin/logs': everybody,
  'GET /admin/logs.csv': everybody,
  'GET /admin/operations': everybody,
  'GET /admin/settings': everybody,
  'GET /admin/tokens': everybody,
  'POST /admin/tokens': administrators,
  'GET /admin/tokens/:id': everybody,
  'POST /admin/tokens/:id/revoke': administrators,
  'POST /admin/settings/test-mail': administrators,
  'GET /admin/groups/:id': everybody,
  'GET /admin/groups': everybody,
  'GET /admin/groups.csv': everybody,
  'GET /admin/groups.ldif': everybody,
  'GET /admin/providers': everybody,
  'POST /admin/providers': allButAuditor,
  'GET /admin/providers/new': allButAuditor,
  'GET /admin/providers/:id': everybody,
  'GET /admin/providers/:id/edit': allButAuditor,
  'POST /admin/providers/:id/edit': allButAuditor,
  'GET /admin/providers/:id/rules': allButAuditor,
  'POST /admin/providers/:id/rules': allButAuditor,
  'POST /admin/providers/:id/rules/preview': allButAuditor,
  'GET /admin/providers/:id/groups': everybody,
  'GET /admin/providers/:id/groups/suggestions': everybody,
  'GET /admin/providers/:id/attributes': allButAuditor,
  'POST /admin/providers/:id/attributes': allButAuditor,
  'POST /admin/providers/:id/attributes/preview': allButAuditor,
  'POST /admin/providers/:id/test': allButAuditor,
  'POST /admin/providers/:id/authorize': allButAuditor,
  'POST /admin/providers/:id/forget': allButAuditor,
  'POST /admin/providers/:id/accept': allButAuditor,
  'POST /admin/providers/:id/refresh': allButAuditor,
  'POST /admin/providers/:id/move': allButAuditor,
  'POST /admin/providers/:id/adopt': allButAuditor,
  'GET /admin/providers/:id/remove': administrators,
  'POST /admin/providers/:id/remove': administrators,
  'GET /admin/account': everybody,
  'POST /admin/account/password': everybody,
  'POST /admin/account/second-factor': everybody,
  'POST /admin/account/second-factor/confirm': everybody,
  'POST /admin/account/second-factor/remove': everybody,
  'POST /admin/account/sign-out-everywhere': everybody,
  'GET /admin/admins': everybody,
  'POST /admin/admins': owner,
  'GET /admin/admins/:name': everybody,
  'POST /admin/oidc-admins/sign-out-everywhere': owner,
  'POST /admin/admins/:name/role': owner,
  'POST /admin/admins/:name/reset': owner,
  'POST /admin/admins/:name/sign-out-everywhere': owner,
  'POST /admin/admins/:name/second-factor/remove': owner,
  'POST /admin/admins/:name/remove': owner,
  'GET /admin/sync': everybody,
  'GET /admin/sync/events': everybody,
  'POST /admin/sync/providers/:provider/start': allButAuditor,
  'POST /admin/sync/providers/:provider/pause': allButAuditor,
  'POST /admin/sync/providers/:provider/resume': allButAuditor,
  'GET /admin/sync/runs': everybody,
  'GET /admin/sync/runs.csv': everybody,
  'GET /admin/sync/runs.jsonl': everybody,
  'GET /admin/sync/changes.csv': everybody,
  'GET /admin/sync/changes.jsonl': everybody,
  'GET /admin/sync/runs/:provider/:started': everybody,
  'POST /admin/sync/runs/:provider/:started/undo': allButAuditor,
  'GET /admin/sync/held/:provider': everybody,
  'POST /admin/sync/held/:provider/approve': allButAuditor,
  'POST /admin/sync/held/:provider/discard': allButAuditor,
  'GET /admin/sync/enrollment': everybody,
  'POST /admin/sync/enrollment/send': allButAuditor,
  'POST /admin/sync/enrollment/:entryUUID/resend': allButAuditor,
}

describe('who may do what', () => {
  let server: AdministeredServer
  let routes: readonly string[]

  beforeAll(async () => {
    server = await startAdministeredServer()
    for (const role of everybody) await server.admin(`the-${role}`, role)
    routes = adminRouteTable(server.administration, await loadViews(), AbortSignal.abort()).map(
      ([method, path]) => `${method} ${path}`,
    )
  })
  afterAll(async () => {
    await server[Symbol.asyncDispose]()
  })

  test('every route has a row here, and every row is a route', () => {
    expect(Object.keys(expected).toSorted()).toEqual(routes.toSorted())
  })

  const ask = (browser: ReturnType<AdministeredServer['visitor']>, route: string) => {
    const [method, path = ''] = route.split(' ')
    const address = path.replace(/:name|:id/, 'nobody').replace(':token', 'none')
    return method === 'GET' ? browser.get(address) : browser.post(address)
  }
  const withSignIn = Object.entries(expected).flatMap(([route, allowed]) =>
    allowed === null ? [] : [{ route, allowed }],
  )

  test.each(withSignIn.flatMap((row) => everybody.map((role) => ({ ...row, role }))))(
    '$route by the role $role',
    async ({ route, allowed, role }) => {
      const { status } = await ask(await server.signedIn(`the-${role}`), route)
      expect(status === 403).toBe(!allowed.includes(role))
      expect(status).toBeLessThan(500)
    },
  )

  test.each(withSignIn)('$route leads who is not signed in to where one signs in', async ({ route }) => {
    const answer = await ask(server.visitor(), route)
    expect([answer.status, answer.headers.get('location')]).toEqual([303, expect.stringMatching(/^\/admin\/sign-in/)])
  })

  test.each(Object.keys(expected).filter((route) => route.startsWith('POST')))(
    '%s refuses what comes from another site, with a session too',
    async (route) => {
      const browser = await server.signedIn('the-owner')
      const path = (route.split(' ')[1] ?? '')
        .replace(':name', 'the-auditor')
        .replace(':id', 'nobody')
        .replace(':token', 'none')
      for (const headers of [{ 'sec-fetch-site': 'cross-site' }, { origin: 'https://evil.example' }, {}])
        expect((await browser.post(path, {}, headers)).status).toBe(403)
    },
  )
})
