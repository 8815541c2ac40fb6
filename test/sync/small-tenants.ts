import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'

const guid = (kind: string, n: number) => `${kind}0000000-0000-4000-8000-${String(n).padStart(12, '0')}`
export const entraUserId = (n: number) => guid('a', n)
export const entraGroupId = (n: number) => guid('b', n)
export const oktaUserId = (n: number) => `00u${String(n).padStart(17, '0')}`
export const oktaGroupId = (n: number) => `00g${String(n).padStart(17, '0')}`

/** A handful of people and groups in both tenants; with pages of two, every listing has several. */
export function fillSmallTenants({ entra, okta }: SimulatedTenants): void {
  for (let n = 1; n <= 5; n++) {
    const name = `person${n}`
    entra.tenant.directory.addUser({
      id: entraUserId(n),
      userPrincipalName: `${name}@contoso.example`,
      mail: `${name}@contoso.example`,
      displayName: `Person ${n}`,
      surname: String(n),
    })
    const login = `worker${n}@acme.example`
    okta.tenant.directory.addUser({
      id: oktaUserId(n),
      created: `2024-01-0${n}T00:00:00.000Z`,
      profile: { login, email: login, firstName: 'Worker', lastName: String(n) },
    })
  }
  const mail = (name: string) => ({ mail: `${name}@contoso.example`, mailEnabled: true })
  const people = (...numbers: number[]) => numbers.map(entraUserId)
  entra.tenant.directory.addGroup({ id: entraGroupId(1), displayName: 'Inner', ...mail('inner') }, people(1, 2, 3))
  entra.tenant.directory.addGroup({ id: entraGroupId(2), displayName: 'Outer', ...mail('outer') }, [
    ...people(4),
    entraGroupId(1),
  ])
  entra.tenant.directory.addGroup({ id: entraGroupId(3), displayName: 'Empty', ...mail('empty') })
  okta.tenant.directory.addGroup({ id: oktaGroupId(1), profile: { name: 'Staff', description: null } }, [
    oktaUserId(1),
    oktaUserId(2),
    oktaUserId(3),
  ])
  okta.tenant.directory.addGroup({ id: oktaGroupId(2), profile: { name: 'Board', description: null } }, [oktaUserId(5)])
}

/** Every object changes a little, so that any half-read state would show. */
export function changeSmallTenants({ entra, okta }: SimulatedTenants): void {
  for (let n = 1; n <= 4; n++) {
    entra.tenant.directory.updateUser(entraUserId(n), { jobTitle: 'Engineer' })
    okta.tenant.directory.updateProfile(oktaUserId(n), { title: 'Engineer' })
  }
  entra.tenant.directory.updateUser(entraUserId(5), { userPrincipalName: 'renamed@contoso.example' })
  okta.tenant.directory.updateProfile(oktaUserId(5), { login: 'renamed-worker@acme.example' })
  entra.tenant.directory.updateGroup(entraGroupId(1), { displayName: 'Innermost' })
  entra.tenant.directory.addMember(entraGroupId(3), entraUserId(5))
  okta.tenant.directory.addMember(oktaGroupId(2), oktaUserId(4))
}

/** Another change in both tenants, of another kind each time. */
export function changeAgain({ entra, okta }: SimulatedTenants, round: number): void {
  const people = entra.tenant.directory
  const workers = okta.tenant.directory
  people.updateUser(entraUserId(1 + (round % 4)), { jobTitle: `Title ${round}` })
  workers.updateProfile(oktaUserId(1 + (round % 4)), { title: `Title ${round}` })
  if (round % 3 === 0) {
    people.addMember(entraGroupId(3), entraUserId(4))
    workers.addMember(oktaGroupId(2), oktaUserId(4))
  }
  if (round % 3 === 1) {
    people.removeMember(entraGroupId(3), entraUserId(4))
    workers.removeMember(oktaGroupId(2), oktaUserId(4))
  }
}

/** For clocks that pass no real time: waiting for a limit would not lift it. */
export function unlimited({ okta }: SimulatedTenants): void {
  const { perMinute } = okta.tenant.rateLimits
  for (const name of ['users', 'groups', 'logs', 'other'] as const) perMinute[name] = Number.MAX_SAFE_INTEGER
}
