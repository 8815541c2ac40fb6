import type { SignInErrorCode } from './sign-in-error.ts'

/** Directory objects of the Entra tenant, with the property names of Graph v1.0 (contract §3.5, §3.6). */

export interface EntraUser {
  id: string
  userPrincipalName: string
  mail: string | null
  displayName: string | null
  givenName: string | null
  surname: string | null
  accountEnabled: boolean
  userType: 'Member' | 'Guest' | null
  mailNickname: string | null
  otherMails: string[]
  proxyAddresses: string[]
  onPremisesSamAccountName: string | null
  onPremisesUserPrincipalName: string | null
  onPremisesSecurityIdentifier: string | null
  onPremisesDomainName: string | null
  onPremisesImmutableId: string | null
  onPremisesDistinguishedName: string | null
  onPremisesSyncEnabled: boolean | null
  employeeId: string | null
  employeeType: string | null
  department: string | null
  jobTitle: string | null
  companyName: string | null
  officeLocation: string | null
  preferredLanguage: string | null
  usageLocation: string | null
  mobilePhone: string | null
  businessPhones: string[]
  createdDateTime: string
  lastPasswordChangeDateTime: string | null
}

export interface EntraGroup {
  id: string
  displayName: string
  description: string | null
  mail: string | null
  mailNickname: string
  mailEnabled: boolean
  securityEnabled: boolean
  groupTypes: string[]
  visibility: 'Public' | 'Private' | 'HiddenMembership' | null
  proxyAddresses: string[]
  onPremisesSamAccountName: string | null
  onPremisesSecurityIdentifier: string | null
  onPremisesSyncEnabled: boolean | null
  onPremisesDomainName: string | null
  membershipRule: string | null
  createdDateTime: string
}

/** Members that are neither user nor group. */
export interface EntraOther {
  readonly id: string
  readonly type: 'device' | 'servicePrincipal' | 'orgContact'
  displayName: string
}

export interface EntraDomain {
  readonly id: string
  readonly isDefault: boolean
  readonly isInitial: boolean
  readonly isVerified: boolean
  readonly authenticationType: 'Managed' | 'Federated'
}

export type MemberType = 'user' | 'group' | EntraOther['type']

/** How a password check of a person ends when the password is right (contract §2.6): any code, or a common case by name. */
type EntraSignIn =
  | SignInErrorCode
  | 'allowed'
  | 'mfa'
  | 'mfa-registration'
  | 'password-expired'
  | 'conditional-access'
  | 'locked'

export interface EntraCredentials {
  /** No password in the directory when undefined: 50056. */
  password: string | undefined
  signIn: EntraSignIn
  wrongAttempts: number
  /** Milliseconds since the epoch; set by smart lockout. */
  lockedUntil: number
}

export function blankUser(id: string, userPrincipalName: string): EntraUser {
  return {
    id,
    userPrincipalName,
    mail: null,
    displayName: null,
    givenName: null,
    surname: null,
    accountEnabled: true,
    userType: 'Member',
    mailNickname: null,
    otherMails: [],
    proxyAddresses: [],
    onPremisesSamAccountName: null,
    onPremisesUserPrincipalName: null,
    onPremisesSecurityIdentifier: null,
    onPremisesDomainName: null,
    onPremisesImmutableId: null,
    onPremisesDistinguishedName: null,
    onPremisesSyncEnabled: null,
    employeeId: null,
    employeeType: null,
    department: null,
    jobTitle: null,
    companyName: null,
    officeLocation: null,
    preferredLanguage: null,
    usageLocation: null,
    mobilePhone: null,
    businessPhones: [],
    createdDateTime: '2024-01-15T08:00:00Z',
    lastPasswordChangeDateTime: null,
  }
}

export function blankGroup(id: string, displayName: string): EntraGroup {
  return {
    id,
    displayName,
    description: null,
    mail: null,
    mailNickname: id.slice(0, 8),
    mailEnabled: false,
    securityEnabled: true,
    groupTypes: [],
    visibility: null,
    proxyAddresses: [],
    onPremisesSamAccountName: null,
    onPremisesSecurityIdentifier: null,
    onPremisesSyncEnabled: null,
    onPremisesDomainName: null,
    membershipRule: null,
    createdDateTime: '2024-01-15T08:00:00Z',
  }
}

export const userProperties: readonly string[] = Object.keys(blankUser('', ''))
export const groupProperties: readonly string[] = Object.keys(blankGroup('', ''))

/** What `/users` gives without `$select` (contract §3.3). */
export const defaultUserProperties: readonly string[] = [
  'businessPhones',
  'displayName',
  'givenName',
  'id',
  'jobTitle',
  'mail',
  'mobilePhone',
  'officeLocation',
  'preferredLanguage',
  'surname',
  'userPrincipalName',
]

/** Properties of a single user that a collection answers with 501 (contract §3.3). */
export const singleUserProperties: readonly string[] = [
  'aboutMe',
  'birthday',
  'hireDate',
  'interests',
  'mailboxSettings',
  'mySite',
  'pastProjects',
  'preferredName',
  'responsibilities',
  'schools',
  'skills',
]
