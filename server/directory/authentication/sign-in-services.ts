/** What a bind needs of the thread that has the store, the master key and the providers. */
export interface SignInServices {
  /** Lets the provider that is entitled to it check the person's password. Never throws for what a provider does. */
  checkAtProvider(request: ProviderCheckRequest): Promise<ProviderCheck>
  /** Takes a TOTP or recovery code of a person; true once for each. */
  redeemCode(entryUUID: string, code: string): Promise<boolean>
  /** Password Modify (RFC 3062) of the bound person. */
  changePassword(request: PasswordChange): Promise<PasswordChangeResult>
  /** Has what a file holds replaced by a bcrypt hash, some time later. */
  upgradeImported(found: ImportedPasswordFound): Promise<void>
  /** Key of the MACs in app password records; undefined while none was ever issued. It stays the same for ever. */
  appPasswordKey(): Promise<Uint8Array | undefined>
}

export interface ProviderCheckRequest {
  readonly entryUUID: string
  readonly password: string
  /** Where the client of the bind is. */
  readonly address: string
  /** Of the bind: the log and the provider have it. */
  readonly requestId: string
}

/** A password that was right for what a file holds. */
export interface ImportedPasswordFound {
  readonly entryUUID: string
  /** Of the credential. */
  readonly id: string
  /** What the credential held when the password was right for it. */
  readonly stored: string
  readonly password: string
}

/** What a provider said of a password. `reason` is for the log and for administrators. */
export type ProviderCheck =
  /** Right, and nothing else is asked for. */
  | { readonly outcome: 'right' }
  /** Not the password. */
  | { readonly outcome: 'wrong'; readonly reason: string }
  /** Not to be let in, right or not: locked, disabled, expired, a second factor is demanded. */
  | { readonly outcome: 'refused'; readonly reason: string }
  /** It could not be found out: the cloud does not answer, or the set-up is wrong. */
  | { readonly outcome: 'unavailable'; readonly reason: string }
  /** No provider may be asked for this person. */
  | { readonly outcome: 'not-asked'; readonly reason: string }

export interface PasswordChange {
  readonly entryUUID: string
  readonly oldPassword: string
  /** undefined: one is generated. */
  readonly newPassword: string | undefined
}

export type PasswordChangeResult =
  | { readonly changed: true; readonly generated: string | undefined }
  /** `wrong-old`: invalidCredentials; `not-here`: unwillingToPerform. `message` may be shown to the person. */
  | { readonly changed: false; readonly why: 'wrong-old' | 'not-here'; readonly message: string }
  /** The new one breaks a rule: constraintViolation. */
  | { readonly changed: false; readonly why: 'policy'; readonly rule: PasswordRule; readonly message: string }

/** Told apart for the password policy control, whose errors these are (draft-behera-ldap-password-policy §6.2). */
export type PasswordRule = 'too-short' | 'too-long' | 'weak' | 'used-before'
