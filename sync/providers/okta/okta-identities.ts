import type { JsonObject, SignIn, SourceGroup, SourceUser } from '../../identity.ts'
import { objectField, textField, textListField } from '../../record-fields.ts'

export function toSourceUser(record: JsonObject): SourceUser {
  const profile = objectField(record, 'profile')
  const login = textField(profile, 'login')
  const mail = textField(profile, 'email')
  return {
    id: record.id as string,
    names: {
      sAMAccountName: textField(profile, 'samAccountName'),
      userPrincipalName: textField(profile, 'userPrincipalName') ?? login,
      mail,
      login,
    },
    displayName: textField(profile, 'displayName'),
    givenName: textField(profile, 'firstName'),
    surname: textField(profile, 'lastName'),
    mail,
    // secondEmail is for recovery, often private: it is no address of the organization.
    aliases: [],
    telephoneNumbers: textListField(profile, 'primaryPhone'),
    mobileNumbers: textListField(profile, 'mobilePhone'),
    title: textField(profile, 'title'),
    department: textField(profile, 'department'),
    employeeNumber: textField(profile, 'employeeNumber'),
    preferredLanguage: textField(profile, 'preferredLanguage'),
    managerId: textField(profile, 'managerId'),
    signIn: signInOf(textField(record, 'status')),
    kind: 'member',
    created: textField(record, 'created'),
    passwordChanged: laterOf(textField(record, 'passwordChanged'), textField(record, 'statusChanged')),
    record,
  }
}

function laterOf(one: string | null, other: string | null): string | null {
  if (one === null || other === null) return one ?? other
  return Date.parse(one) >= Date.parse(other) ? one : other
}

/** Contract §3.1. A status nobody knows yet does not let anybody in. */
function signInOf(status: string | null): SignIn {
  switch (status) {
    case 'ACTIVE':
    case 'PROVISIONED':
    case 'RECOVERY':
    case 'PASSWORD_EXPIRED':
    case 'LOCKED_OUT':
      return { allowed: true }
    case 'STAGED':
      return { allowed: false, reason: 'not activated in Okta (STAGED)' }
    case 'SUSPENDED':
      return { allowed: false, reason: 'suspended in Okta (SUSPENDED)' }
    case 'DEPROVISIONED':
      return { allowed: false, reason: 'deactivated in Okta (DEPROVISIONED)' }
    default:
      return { allowed: false, reason: `unknown status in Okta (${status ?? 'none'})` }
  }
}

/** `Everyone` holds all users of the org. */
export function holdsEverybody(record: JsonObject): boolean {
  return record.type === 'BUILT_IN' && textField(objectField(record, 'profile'), 'name') === 'Everyone'
}

export function toSourceGroup(record: JsonObject, memberIds: readonly string[]): SourceGroup {
  const profile = objectField(record, 'profile')
  return {
    id: record.id as string,
    name: textField(profile, 'name') ?? (record.id as string),
    description: textField(profile, 'description'),
    mail: null,
    canHaveMail: false,
    kind: textField(record, 'type') ?? 'group',
    holdsEverybody: holdsEverybody(record),
    membersReadable: true,
    created: textField(record, 'created'),
    userIds: [...memberIds].sort(),
    groupIds: [],
    record,
  }
}
