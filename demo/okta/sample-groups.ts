import { oktaIdOf } from '../data/seeded-random.ts'
import type { NewOktaGroup, OktaDirectory } from './directory.ts'
import { type OktaPerson, sampleOktaPeople } from './sample-people.ts'

/** The AD instance that sources users and `APP_GROUP`s. */
export const activeDirectoryAppId = oktaIdOf('0oa', 'okta app corp.acme.example')

interface SampleGroup {
  readonly group: NewOktaGroup
  readonly members: readonly string[]
}

/** Fills an empty directory with the demo's 100 people and 15 groups. */
export function fillOktaDirectory(directory: OktaDirectory): void {
  const people = sampleOktaPeople()
  for (const { user, credentials } of people) directory.addUser(user, credentials)
  for (const { group, members } of sampleOktaGroups(people)) directory.addGroup(group, members)
}

/** The id of a sample group by its key. */
export function sampleOktaGroupId(key: string): string {
  return oktaIdOf('00g', `okta group ${key}`)
}

function sampleOktaGroups(people: readonly OktaPerson[]): SampleGroup[] {
  const ids = people.map(({ user }) => user.id)
  const every = (step: number, offset = 0) => ids.filter((_, index) => index % step === offset)
  const department = (name: string) =>
    people.filter(({ user }) => user.profile.department === name).map(({ user }) => user.id)
  const [bjork = ''] = ids
  return [
    group('everyone', 'Everyone', ids, { type: 'BUILT_IN', description: 'All users in your organization' }),
    group('administrators', 'Okta Administrators', [bjork], { type: 'BUILT_IN', description: 'Okta administrators' }),
    group('ldap-admins', 'LDAP-Admins', [bjork, ...every(40, 2)]),
    group('sudo', 'sudo', every(30, 4)),
    group('engineering', 'Engineering', department('Engineering')),
    group('operations', 'Operations', department('Operations')),
    group('sales', 'Sales', department('Sales'), { description: 'Vertrieb & mehr' }),
    group('vpn-users', 'VPN-Users', every(3)),
    group('contractors', 'Contractors', every(20, 15)),
    group('leavers', 'Leavers', every(50, 7)),
    group('sonder', 'Rechte, "Sonder" + mehr / Rest', every(25, 6), { description: 'mit Satzzeichen' }),
    group('osaka', '大阪オフィス', every(18, 2)),
    group('empty', 'Nobody here', []),
    appGroup('printers', 'Printers', every(7, 3), 5001),
    appGroup('ad-operations', 'Operations', every(9, 5), 5002),
  ]
}

function group(
  key: string,
  name: string,
  members: readonly string[],
  { type = 'OKTA_GROUP', description = null }: { type?: 'OKTA_GROUP' | 'BUILT_IN'; description?: string | null } = {},
): SampleGroup {
  return { group: { ...dates(key), type, profile: { name, description } }, members: [...new Set(members)] }
}

function appGroup(key: string, name: string, members: readonly string[], relativeId: number): SampleGroup {
  const profile = {
    name,
    description: null,
    samAccountName: name,
    dn: `CN=${name},OU=Groups,DC=corp,DC=acme,DC=example`,
    windowsDomainQualifiedName: `CORP\\${name}`,
    groupType: 'Security',
    groupScope: 'Global',
    objectSid: `S-1-5-21-11-22-33-${relativeId}`,
    externalId: Buffer.from(key).toString('base64'),
  }
  return { group: { ...dates(key), type: 'APP_GROUP', profile, sourceId: activeDirectoryAppId }, members }
}

function dates(key: string) {
  return {
    id: sampleOktaGroupId(key),
    created: '2024-01-01T00:00:00.000Z',
    lastUpdated: '2025-01-01T00:00:00.000Z',
    lastMembershipUpdated: '2025-05-01T08:00:00.000Z',
  }
}
