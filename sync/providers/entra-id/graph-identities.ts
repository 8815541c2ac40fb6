import type { JsonObject, SourceDomain, SourceGroup, SourceUser } from '../../identity.ts'
import { textField, textListField } from '../../record-fields.ts'

/** Properties read of each user; the collection leaves most of them out unless they are named (contract §3.3). */
export const userProperties = [
  'id',
  'userPrincipalName',
  'mail',
  'displayName',
  'givenName',
  'surname',
  'accountEnabled',
  'userType',
  'mailNickname',
  'otherMails',
  'proxyAddresses',
  'onPremisesSamAccountName',
  'onPremisesUserPrincipalName',
  'onPremisesSecurityIdentifier',
  'onPremisesDomainName',
  'onPremisesSyncEnabled',
  'employeeId',
  'department',
  'jobTitle',
  'mobilePhone',
  'businessPhones',
  'preferredLanguage',
  'createdDateTime',
]

/** Read of each user where passwords are checked at bind. */
export const passwordChangedProperty = 'lastPasswordChangeDateTime'

export const groupProperties = [
  'id',
  'displayName',
  'description',
  'mail',
  'mailNickname',
  'mailEnabled',
  'securityEnabled',
  'groupTypes',
  'visibility',
  'onPremisesSamAccountName',
  'onPremisesSecurityIdentifier',
  'onPremisesSyncEnabled',
  'proxyAddresses',
]

export function toSourceUser(record: JsonObject): SourceUser {
  const mail = textField(record, 'mail')
  return {
    id: (record.id as string).toLowerCase(),
    names: {
      sAMAccountName: textField(record, 'onPremisesSamAccountName'),
      userPrincipalName: textField(record, 'userPrincipalName'),
      mail,
      login: textField(record, 'userPrincipalName'),
    },
    displayName: textField(record, 'displayName'),
    givenName: textField(record, 'givenName'),
    surname: textField(record, 'surname'),
    mail,
    aliases: aliases(record, mail),
    telephoneNumbers: textListField(record, 'businessPhones'),
    mobileNumbers: textListField(record, 'mobilePhone'),
    title: textField(record, 'jobTitle'),
    department: textField(record, 'department'),
    employeeNumber: textField(record, 'employeeId'),
    preferredLanguage: textField(record, 'preferredLanguage'),
    managerId: null,
    signIn:
      record.accountEnabled === false ? { allowed: false, reason: 'sign-in blocked in Entra ID' } : { allowed: true },
    // Old objects have no userType: they are members (contract §3.5).
    kind: record.userType === 'Guest' ? 'guest' : 'member',
    created: textField(record, 'createdDateTime'),
    passwordChanged: textField(record, passwordChangedProperty),
    record,
  }
}

/** Mail addresses of `proxyAddresses` (`SMTP:` is the primary one, other schemes are no mail), without `mail`. */
function aliases(record: JsonObject, mail: string | null): readonly string[] {
  const seen = new Set(mail === null ? [] : [mail.toLowerCase()])
  const result: string[] = []
  const proxies = textListField(record, 'proxyAddresses').filter((address) => /^smtp:./i.test(address))
  const primaryFirst = [
    ...proxies.filter((a) => a.startsWith('SMTP:')),
    ...proxies.filter((a) => !a.startsWith('SMTP:')),
  ]
  for (const proxy of primaryFirst) {
    const address = proxy.slice('smtp:'.length)
    if (seen.has(address.toLowerCase())) continue
    seen.add(address.toLowerCase())
    result.push(address)
  }
  return result
}

export interface GroupMembers {
  readonly areReadable: boolean
  readonly userIds: readonly string[]
  readonly groupIds: readonly string[]
}

/**
 * Direct members that are users or groups. Devices, service principals and contacts are not people (contract §3.6).
 * Only type and id are read: every other property may be null for want of a permission.
 */
export function toMembers(records: readonly JsonObject[]): GroupMembers {
  const idsOf = (type: string) =>
    records.filter((r) => r['@odata.type'] === type).map((r) => (r.id as string).toLowerCase())
  return {
    areReadable: true,
    userIds: idsOf('#microsoft.graph.user').sort(),
    groupIds: idsOf('#microsoft.graph.group').sort(),
  }
}

/** Members of such groups need the permission Member.Read.Hidden; without it the service refuses or shows none. */
export function hidesMembers(record: JsonObject): boolean {
  return record.visibility === 'HiddenMembership'
}

export const hiddenMembers: GroupMembers = { areReadable: false, userIds: [], groupIds: [] }

export function toSourceGroup(record: JsonObject, members: GroupMembers): SourceGroup {
  return {
    id: (record.id as string).toLowerCase(),
    name: textField(record, 'displayName') ?? (record.id as string),
    description: textField(record, 'description'),
    mail: textField(record, 'mail'),
    canHaveMail: true,
    kind: groupKind(record),
    holdsEverybody: false,
    membersReadable: members.areReadable,
    created: null,
    userIds: members.userIds,
    groupIds: members.groupIds,
    record,
  }
}

function groupKind(record: JsonObject): string {
  if (textListField(record, 'groupTypes').includes('Unified')) return 'Microsoft 365 group'
  if (record.mailEnabled === true)
    return record.securityEnabled === true ? 'mail-enabled security group' : 'distribution group'
  return 'security group'
}

export function toSourceDomain(record: JsonObject): SourceDomain {
  return { name: (record.id as string).toLowerCase(), verified: record.isVerified === true }
}
