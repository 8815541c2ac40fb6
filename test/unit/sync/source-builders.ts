import type { SourceGroup, SourceUser } from '../../../sync/identity.ts'

export interface UserChanges extends Partial<Omit<SourceUser, 'names'>> {
  readonly userPrincipalName?: string
}

/** A member who may sign in; `n` in the id keeps people apart. */
export function aUser(changes: UserChanges = {}): SourceUser {
  const { userPrincipalName = 'ada@example.com', ...rest } = changes
  const mail = rest.mail === undefined ? null : rest.mail
  return {
    id: 'user-1',
    names: { sAMAccountName: null, userPrincipalName, mail, login: userPrincipalName },
    displayName: null,
    givenName: null,
    surname: null,
    mail,
    aliases: [],
    telephoneNumbers: [],
    mobileNumbers: [],
    title: null,
    department: null,
    employeeNumber: null,
    preferredLanguage: null,
    managerId: null,
    signIn: { allowed: true },
    kind: 'member',
    created: '2024-01-01T00:00:00Z',
    passwordChanged: null,
    record: {},
    ...rest,
  }
}

export function aGroup(changes: Partial<SourceGroup> = {}): SourceGroup {
  return {
    id: 'group-1',
    name: 'Staff',
    description: null,
    mail: 'staff@example.com',
    canHaveMail: true,
    kind: 'group',
    holdsEverybody: false,
    membersReadable: true,
    created: null,
    userIds: [],
    groupIds: [],
    record: {},
    ...changes,
  }
}
