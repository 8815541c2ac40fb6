/** Objects of the Okta org (contract §3). */

export type OktaStatus =
  | 'STAGED'
  | 'PROVISIONED'
  | 'ACTIVE'
  | 'RECOVERY'
  | 'PASSWORD_EXPIRED'
  | 'LOCKED_OUT'
  | 'SUSPENDED'
  | 'DEPROVISIONED'

/** Standard and custom attributes side by side. Unset ones are null or missing. */
export interface OktaUserProfile {
  readonly login: string
  readonly email: string
  readonly firstName?: string | null
  readonly lastName?: string | null
  readonly [attribute: string]: unknown
}

export interface OktaUser {
  readonly id: string
  readonly status: OktaStatus
  readonly created: string
  readonly activated: string | null
  readonly statusChanged: string | null
  readonly lastLogin: string | null
  readonly lastUpdated: string
  readonly passwordChanged: string | null
  readonly profile: OktaUserProfile
  readonly provider: { readonly type: 'OKTA' | 'ACTIVE_DIRECTORY'; readonly name: string }
}

export interface OktaGroup {
  readonly id: string
  readonly type: 'OKTA_GROUP' | 'APP_GROUP' | 'BUILT_IN'
  readonly created: string
  readonly lastUpdated: string
  readonly lastMembershipUpdated: string
  readonly profile: {
    readonly name: string
    readonly description: string | null
    readonly [attribute: string]: unknown
  }
  /** The app an `APP_GROUP` comes from. */
  readonly sourceId?: string
}

/** How a password check of a person ends when the password is right and the status allows it (contract §6). */
type OktaSignIn =
  | 'allowed'
  | 'password-warn'
  | 'mfa-required'
  | 'mfa-challenge'
  | 'mfa-enroll'
  | 'mfa-enroll-activate'
  | 'password-reset'
  /** A status that the contract does not know. */
  | 'unheard-of'

export interface OktaCredentials {
  password: string | undefined
  signIn: OktaSignIn
  wrongAttempts: number
}

export const userTypeId = 'oty7demoPeopleTypes1'
