import { guidOf } from '../data/seeded-random.ts'
import type { EntraPerson } from './notable-people.ts'
import type { EntraGroup } from './objects.ts'
import { sampleOthers } from './sample-people.ts'

export interface SampleGroup {
  readonly group: Partial<EntraGroup> & { id: string; displayName: string }
  readonly members: readonly string[]
}

type Kind = 'microsoft365' | 'security' | 'mail-security' | 'distribution'

/** The id of a sample group by its key, which is its nickname. */
export function sampleGroupId(nickname: string): string {
  return guidOf(`entra group ${nickname}`)
}

/** 25 groups over the given people: nesting, a diamond, a cycle, odd names, odd members (contract §3.6). */
export function sampleGroups(people: readonly EntraPerson[]): SampleGroup[] {
  const userId = (name: string) => idOf(people, name)
  const groupId = sampleGroupId
  const department = (name: string) => people.filter(({ user }) => user.department === name).map(({ user }) => user.id)
  const staff = people.filter(
    ({ user }) => user.userType !== 'Guest' && user.givenName !== null && user.accountEnabled !== false,
  )
  const staffIds = staff.map(({ user }) => user.id)
  const every = (step: number, offset = 0) => staffIds.filter((_, index) => index % step === offset)
  const zoe = userId('zoe.lindqvist@contoso.example')
  const thora = userId('thora.hallgrimsdottir@contoso.example')
  const lukasz = userId('lukasz.zak@contoso.example')
  const sams = [userId('sam@contoso.example'), userId('sam@fabrikam.example')]
  const guests = people.filter(({ user }) => user.userType === 'Guest').map(({ user }) => user.id)
  const leavers = people.filter(({ user }) => user.accountEnabled === false).map(({ user }) => user.id)
  const others = sampleOthers.map((other) => other.id)
  return [
    group('ldap-admins', 'LDAP-Admins', 'security', [zoe, thora, groupId('ldap-operators')]),
    group('ldap-operators', 'LDAP-Operators', 'security', [lukasz, ...every(40)]),
    group('sudo', 'sudo', 'security', sams, { description: 'Anybody in a tenant may be able to make this group' }),
    group('all-staff', 'All Staff', 'distribution', staffIds),
    group('engineering', 'Engineering', 'microsoft365', [groupId('platform'), groupId('product'), groupId('research')]),
    group('platform', 'Platform', 'microsoft365', [...department('Platform'), groupId('on-call')]),
    group('product', 'Product', 'microsoft365', [...department('Product'), groupId('on-call')]),
    group('research', 'Research', 'security', department('Research')),
    group('on-call', 'On-Call', 'security', [thora, lukasz, ...every(25, 3)]),
    group('circle-a', 'Circle A', 'security', [userId('li.wei@contoso.example'), groupId('circle-b')]),
    group('circle-b', 'Circle B', 'security', [userId("m.o'neil@contoso.example"), groupId('circle-c')]),
    group('circle-c', 'Circle C', 'security', [userId('renee.okafor@contoso.example'), groupId('circle-a')]),
    group('marketing', 'Marketing', 'microsoft365', department('Marketing')),
    group('marketing-access', 'Marketing', 'security', department('Marketing').slice(0, 5)),
    group('sonder', 'Rechte, "Sonder" + mehr / Rest', 'mail-security', [zoe, ...every(50, 7)]),
    group('zuerich', 'Büro Zürich', 'distribution', every(11, 2)),
    group('tokyo', '東京オフィス', 'microsoft365', [userId('li.wei@contoso.example'), ...every(17, 5)]),
    group('empty-shell', 'Empty Shell', 'security', []),
    group('dyn-sales', 'Dyn Sales', 'security', department('Sales'), {
      groupTypes: ['DynamicMembership'],
      membershipRule: '(user.department -eq "Sales")',
    }),
    group('corpprinters', 'CORP Printers', 'security', every(9, 1), {
      onPremisesSamAccountName: 'Printers',
      onPremisesSecurityIdentifier: 'S-1-5-21-11-22-33-5001',
      onPremisesDomainName: 'corp.contoso.example',
      onPremisesSyncEnabled: true,
    }),
    group('mixed-bag', 'Mixed Bag', 'security', [zoe, groupId('on-call'), ...others]),
    group('machines', 'Machines only', 'security', others.slice(0, 2)),
    group('partners', 'Partners & Guests', 'microsoft365', [...guests, zoe]),
    group('leavers', 'Leavers', 'security', leavers),
    group('vpn-users', 'VPN-Users', 'mail-security', [groupId('engineering'), ...sams, ...every(6)]),
  ]
}

function group(
  nickname: string,
  displayName: string,
  kind: Kind,
  members: readonly string[],
  details: Partial<EntraGroup> = {},
): SampleGroup {
  const mail = kind === 'security' ? null : `${nickname}@contoso.example`
  const complete = {
    id: sampleGroupId(nickname),
    displayName,
    mail,
    mailNickname: nickname,
    mailEnabled: kind !== 'security',
    securityEnabled: kind === 'security' || kind === 'mail-security',
    groupTypes: kind === 'microsoft365' ? ['Unified'] : [],
    visibility: kind === 'microsoft365' ? ('Private' as const) : null,
    proxyAddresses: mail === null ? [] : [`SMTP:${mail}`],
    ...details,
  }
  return { group: complete, members: [...new Set(members)] }
}

function idOf(people: readonly EntraPerson[], userPrincipalName: string): string {
  const person = people.find(({ user }) => user.userPrincipalName === userPrincipalName)
  if (person === undefined) throw new Error(`no sample person ${userPrincipalName}`)
  return person.user.id
}
