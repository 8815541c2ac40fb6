import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { sampleGroupId } from '../../demo/entra/sample-groups.ts'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import { type GraphGet, type GraphResult, graphGetter, startTrustedTenants } from './trusted-tenants.ts'

let tenants: SimulatedTenants
let get: GraphGet

beforeEach(async () => {
  tenants = await startTrustedTenants({ pageSize: 30 })
  get = await graphGetter(tenants)
})

afterEach(() => tenants.close())

interface Round {
  readonly pages: GraphResult['body'][]
  readonly items: Record<string, unknown>[]
  readonly deltaLink: string
}

async function readRound(path: string, headers?: Record<string, string>): Promise<Round> {
  const pages = [(await get(path, headers)).body]
  for (let link = pages[0]?.['@odata.nextLink']; link !== undefined; link = pages.at(-1)?.['@odata.nextLink']) {
    pages.push((await get(link, headers)).body)
  }
  return { pages, items: pages.flatMap((page) => page.value), deltaLink: pages.at(-1)?.['@odata.deltaLink'] ?? '' }
}

function directory() {
  return tenants.entra.tenant.directory
}

function idOf(userPrincipalName: string): string {
  return directory().findUser(userPrincipalName)?.id ?? ''
}

const select = '$select=displayName,mail,accountEnabled,userPrincipalName'

describe('users/delta', () => {
  test('tells everybody first, one of them twice, without properties that were never set', async () => {
    const { items, pages } = await readRound(`/users/delta?${select}`)
    expect(new Set(items.map((item) => item.id)).size).toBe(200)
    expect(items).toHaveLength(201)
    expect(pages.length).toBe(7)
    expect(items.find((item) => item.id === idOf('nils.nomail@contoso.example'))).not.toHaveProperty('mail')
  })

  test('is quiet when nothing happened', async () => {
    const first = await readRound(`/users/delta?${select}`)
    const second = await readRound(first.deltaLink)
    expect(second.items).toEqual([])
    expect(second.deltaLink).not.toBe(first.deltaLink)
  })

  test('begins without data at $deltatoken=latest', async () => {
    const { items, deltaLink } = await readRound(`/users/delta?$deltatoken=latest&${select}`)
    expect(items).toEqual([])
    directory().updateUser(idOf('sam@contoso.example'), { displayName: 'Sam Renamed' })
    expect((await readRound(deltaLink)).items).toMatchObject([{ displayName: 'Sam Renamed' }])
  })

  test('tells a cleared property as null and only watched properties', async () => {
    const sam = idOf('sam@contoso.example')
    const { deltaLink } = await readRound(`/users/delta?$deltatoken=latest&${select}`)
    directory().updateUser(sam, { mail: null })
    directory().updateUser(idOf('sam@fabrikam.example'), { jobTitle: 'not watched' })
    const { items } = await readRound(deltaLink)
    expect(items).toEqual([
      {
        displayName: 'Sam Carter',
        mail: null,
        accountEnabled: true,
        userPrincipalName: 'sam@contoso.example',
        id: sam,
      },
    ])
  })

  test('tells only what changed with return=minimal', async () => {
    const sam = idOf('sam@contoso.example')
    const { deltaLink } = await readRound(`/users/delta?$deltatoken=latest&${select}`)
    directory().updateUser(sam, { accountEnabled: false })
    const { items } = await readRound(deltaLink, { Prefer: 'return=minimal' })
    expect(items).toEqual([{ accountEnabled: false, id: sam }])
  })

  test('tells both kinds of removal, and a restored user as a normal one', async () => {
    const [sam, alex] = [idOf('sam@contoso.example'), idOf('alex.kim@fabrikam.example')]
    const first = await readRound(`/users/delta?$deltatoken=latest&${select}`)
    directory().removeUser(sam, 'changed')
    directory().removeUser(alex, 'deleted')
    const second = await readRound(first.deltaLink)
    expect(second.items).toEqual([
      { '@removed': { reason: 'changed' }, id: sam },
      { '@removed': { reason: 'deleted' }, id: alex },
    ])
    expect((await get('/directory/deletedItems/microsoft.graph.user')).body.value).toMatchObject([{ id: sam }])
    directory().restoreUser(sam)
    expect((await readRound(second.deltaLink)).items).toMatchObject([{ id: sam, displayName: 'Sam Carter' }])
  })

  test('repeats earlier changes when told to', async () => {
    const first = await readRound(`/users/delta?$deltatoken=latest&${select}`)
    directory().updateUser(idOf('sam@contoso.example'), { displayName: 'Sam Once' })
    const second = await readRound(first.deltaLink)
    tenants.entra.tenant.deltas.replayedChanges = 1
    expect((await readRound(second.deltaLink)).items).toEqual(second.items)
  })

  test('is limited to the ids of a filter', async () => {
    const sam = idOf('sam@contoso.example')
    const { items, deltaLink } = await readRound(
      `/users/delta?${select}&$filter=${encodeURIComponent(`id eq '${sam}'`)}`,
    )
    expect(items).toMatchObject([{ id: sam }])
    directory().updateUser(idOf('sam@fabrikam.example'), { displayName: 'not asked for' })
    expect((await readRound(deltaLink)).items).toEqual([])
  })
})

describe('groups/delta', () => {
  const groupSelect = '$select=displayName,mail,members'

  test('spreads a large group over pages and gives an empty group no members', async () => {
    const { items, pages } = await readRound(`/groups/delta?${groupSelect}`)
    const parts = items.filter((item) => item.id === sampleGroupId('all-staff'))
    const members = new Set(parts.flatMap((part) => part['members@delta'] as { id: string }[]).map(({ id }) => id))
    expect(parts.length).toBeGreaterThan(3)
    expect(members).toEqual(directory().members(sampleGroupId('all-staff')))
    expect(pages.length).toBeGreaterThan(1)
    expect(items.find((item) => item.id === sampleGroupId('empty-shell'))).not.toHaveProperty('members@delta')
  })

  test('tells members in and out, a rename without members, a deleted group', async () => {
    const { deltaLink } = await readRound(`/groups/delta?${groupSelect}`)
    const [sam, zoe] = [idOf('sam@contoso.example'), idOf('zoe.lindqvist@contoso.example')]
    directory().removeMember(sampleGroupId('sudo'), sam)
    directory().addMember(sampleGroupId('sudo'), zoe)
    directory().updateGroup(sampleGroupId('research'), { displayName: 'Research & more' })
    directory().removeGroup(sampleGroupId('machines'))
    expect((await readRound(deltaLink)).items).toEqual([
      {
        displayName: 'sudo',
        id: sampleGroupId('sudo'),
        'members@delta': [
          { '@odata.type': '#microsoft.graph.user', id: sam, '@removed': { reason: 'deleted' } },
          { '@odata.type': '#microsoft.graph.user', id: zoe },
        ],
      },
      { displayName: 'Research & more', id: sampleGroupId('research') },
      { '@removed': { reason: 'deleted' }, id: sampleGroupId('machines') },
    ])
  })

  test('tells a deleted user as a removal from the groups', async () => {
    const { deltaLink } = await readRound('/groups/delta?$deltatoken=latest')
    const sam = idOf('sam@contoso.example')
    directory().removeUser(sam)
    const { items } = await readRound(deltaLink)
    const sudo = items.find((item) => item.id === sampleGroupId('sudo'))
    expect(sudo?.['members@delta']).toEqual([
      { '@odata.type': '#microsoft.graph.user', id: sam, '@removed': { reason: 'deleted' } },
    ])
  })
})

describe('expired tokens', () => {
  test.each([
    ['410', 410, 'syncStateNotFound'],
    ['syncStateNotFound', 400, 'syncStateNotFound'],
    ['resyncRequired', 400, 'resyncRequired'],
  ] as const)('are refused in the form %s', async (form, status, code) => {
    const { deltaLink } = await readRound('/users/delta?$deltatoken=latest')
    tenants.entra.tenant.deltas.expireAll(form)
    const answer = await get(deltaLink)
    expect([answer.status, answer.body.error.code]).toEqual([status, code])
    const location = answer.headers.get('location')
    expect(location).toBe(form === '410' ? `${tenants.entra.graphUrl}/v1.0/users/delta?$deltatoken=` : null)
    if (location !== null) expect((await get(location)).body.value).toHaveLength(30)
  })

  test('are those older than seven days', async () => {
    let now = new Date('2026-02-03T04:05:06Z')
    await using own = await startTrustedTenants({ now: () => now })
    const early = await graphGetter(own)
    const { body } = await early('/users/delta?$deltatoken=latest')
    now = new Date('2026-02-10T04:05:07Z')
    const late = await graphGetter(own)
    expect((await late(body['@odata.deltaLink'] ?? '')).status).toBe(410)
  })
})
