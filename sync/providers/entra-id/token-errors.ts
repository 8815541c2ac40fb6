import type { FailureWords } from '../../oidc/sign-in-failures.ts'
import { ProviderError } from '../../provider-error.ts'

/**
 * What a failed token request means (contract §2.5):
 * - `temporary`: the service or the network failed, worth repeating;
 * - `configuration`: the application or the connection is set up wrongly, whoever authorized it;
 * - `authorization`: this account has to be authorized anew;
 * - `account`: this account cannot be used now, and may be again without a new authorization.
 */
export type TokenFailureKind = 'temporary' | 'configuration' | 'authorization' | 'account'

interface KnownCode {
  readonly kind: TokenFailureKind
  readonly what: string
  readonly advice: string
  /** Where an authorized account, and not the application itself, asked. */
  readonly adviceForAccount?: string
}

const authorizeAgain = 'Authorize the account again.'

const knownCodes: ReadonlyMap<number, KnownCode> = new Map<number, KnownCode>([
  [
    7000215,
    {
      kind: 'configuration',
      what: 'the client secret is wrong',
      advice: 'Copy the secret value (not its id) from the app registration.',
    },
  ],
  [
    7000222,
    {
      kind: 'configuration',
      what: 'the client secret has expired',
      advice: 'Make a new secret in the app registration and configure it.',
    },
  ],
  [
    700027,
    {
      kind: 'configuration',
      what: 'the certificate is unknown to the application or its signature is bad',
      advice: 'Upload the certificate in the app registration and check the private key.',
    },
  ],
  [
    700016,
    {
      kind: 'configuration',
      what: 'the application does not exist in this tenant',
      advice: 'Check clientId and tenantId, and grant admin consent in the tenant.',
    },
  ],
  [
    7000112,
    {
      kind: 'configuration',
      what: 'the application is disabled',
      advice: 'Enable the enterprise application in the tenant.',
    },
  ],
  [
    7000218,
    {
      kind: 'configuration',
      what: 'the client secret is missing',
      advice: 'Configure a client secret.',
      adviceForAccount:
        'Configure an application credential beside the delegated one, or allow public client flows in the app registration.',
    },
  ],
  [90002, { kind: 'configuration', what: 'the tenant was not found', advice: 'Check tenantId and authorityHost.' }],
  [900023, { kind: 'configuration', what: 'tenantId is neither a GUID nor a domain', advice: 'Check tenantId.' }],
  [
    50011,
    {
      kind: 'configuration',
      what: 'the redirect URI is not the registered one',
      advice: 'Register <admin.publicUrl>/authorize/callback in the app registration, character for character.',
    },
  ],
  [
    1002012,
    {
      kind: 'configuration',
      what: 'the scope is not valid for an application',
      advice: 'Set scope to the Graph host followed by /.default.',
    },
  ],
  [
    70011,
    {
      kind: 'configuration',
      what: 'the scope is not valid',
      advice: 'Set scope to the Graph host followed by /.default.',
    },
  ],
  [700082, { kind: 'authorization', what: 'the authorization was unused for 90 days', advice: authorizeAgain }],
  [
    50173,
    {
      kind: 'authorization',
      what: 'the authorization was revoked (password or sessions reset)',
      advice: authorizeAgain,
    },
  ],
  [50076, { kind: 'authorization', what: 'multi-factor authentication is now required', advice: authorizeAgain }],
  [50079, { kind: 'authorization', what: 'multi-factor registration is now required', advice: authorizeAgain }],
  [
    65001,
    {
      kind: 'authorization',
      what: 'consent is missing or was withdrawn',
      advice: 'Grant admin consent for the application permissions.',
      adviceForAccount: 'Authorize the account again, as an administrator who may consent.',
    },
  ],
  [
    54005,
    {
      kind: 'authorization',
      what: 'the answer of the authority has been used already or is too old',
      advice: 'Begin again.',
    },
  ],
  [
    501481,
    {
      kind: 'authorization',
      what: 'the answer of the authority belongs to another request',
      advice: 'Begin again.',
    },
  ],
  [
    50057,
    {
      kind: 'account',
      what: 'the authorizing account is disabled',
      advice: 'Enable it or authorize another administrator.',
    },
  ],
  [50034, { kind: 'account', what: 'the authorizing account was deleted', advice: 'Authorize another administrator.' }],
  [
    53003,
    {
      kind: 'account',
      what: 'Conditional Access blocks the request',
      advice: "Allow this server's address in the Conditional Access policy.",
    },
  ],
  [90033, { kind: 'temporary', what: 'the authority failed in passing', advice: 'It will be tried again.' }],
])

export interface TokenFailure {
  readonly error: ProviderError
  readonly kind: TokenFailureKind
}

/** Who asked for the token: undefined for the application itself, else the user principal name of the account. */
export type TokenSubject = string | undefined

/** What MSAL threw, as one sentence. Unknown `invalid_grant` needs a new authorization, other unknown failures pass. */
export function describeTokenFailure(provider: string, thrown: unknown, account?: TokenSubject): TokenFailure {
  if (thrown instanceof ProviderError)
    return { error: thrown, kind: thrown.isTransient ? 'temporary' : 'configuration' }
  const fields = readFields(thrown)
  const code = aadstsCode(fields)
  const known = code === undefined ? undefined : knownCodes.get(code)
  const kind = kindOf(fields.errorCode, known)
  const error = new ProviderError({
    provider,
    call: account === undefined ? 'token request' : `authorization of ${account}`,
    status: fields.status,
    code: code === undefined ? fields.errorCode : `AADSTS${code}`,
    what: known?.what ?? explain(fields.errorCode),
    advice: (account === undefined ? undefined : known?.adviceForAccount) ?? known?.advice ?? adviceFor(kind, account),
    isTransient: kind === 'temporary',
    cause: thrown,
  })
  return { error, kind }
}

/** An answer of 429 or 5xx says {@link later} whatever code comes with it: nothing is wrong with the credential then. */
function kindOf(errorCode: string | undefined, known: KnownCode | undefined): TokenFailureKind {
  if (errorCode === later) return 'temporary'
  if (known !== undefined) return known.kind
  if (errorCode === undefined) return 'temporary'
  if (authorizationErrors.has(errorCode)) return 'authorization'
  return setUpErrors.has(errorCode) ? 'configuration' : 'temporary'
}

/** OAuth's name for a failure that passes; the network client gives it to every 429 and 5xx. */
export const later = 'temporarily_unavailable'

/** OAuth and MSAL error names that only a new authorization cures. */
const authorizationErrors = new Set([
  'invalid_grant',
  'interaction_required',
  'login_required',
  'consent_required',
  'no_tokens_found',
  'refresh_token_expired',
  'nonce_mismatch',
])

/** OAuth and MSAL error names that neither a repeat nor another account cures. */
const setUpErrors = new Set([
  'invalid_client',
  'unauthorized_client',
  'invalid_scope',
  'invalid_tenant',
  'invalid_request',
  'authority_uri_insecure',
  'untrusted_authority',
  'issuer_validation_failed',
])

function adviceFor(kind: TokenFailureKind, account: TokenSubject): string {
  if (kind === 'temporary') return 'It will be tried again.'
  return account !== undefined && kind === 'authorization'
    ? authorizeAgain
    : 'Check the connection in the configuration.'
}

function explain(errorCode: string | undefined): string {
  switch (errorCode) {
    case 'endpoints_resolution_error':
    case 'openid_config_error':
      return 'the authority did not answer its discovery document'
    case 'network_error':
    case undefined:
      return 'the authority could not be reached'
    case later:
      return 'the authority is busy or failed'
    case 'no_tokens_found':
    case 'refresh_token_expired':
      return 'the authorization has no usable token any more'
    case 'nonce_mismatch':
      return 'the answer of the authority belongs to another request'
    default:
      return 'the authority refused or failed'
  }
}

const refusals: ReadonlyMap<number, string> = new Map([
  [65004, 'The permissions were declined at the sign-in page.'],
  [90094, 'Need admin approval: this account may not consent to the permissions.'],
  [90093, 'Need admin approval: this account may not consent to the permissions.'],
  [90008, 'The application has no permission for Microsoft Graph in its registration.'],
  [50105, 'The account is not assigned to the application.'],
])

/** What the authority sent a browser back with in place of a code (contract §2.2), in plain words. */
export function describeRefusal(
  provider: string,
  { error, errorDescription }: { readonly error: string; readonly errorDescription: string | undefined },
): ProviderError {
  const code = aadstsCode({ errorNo: undefined, text: errorDescription ?? '' })
  const known = code === undefined ? undefined : knownCodes.get(code)
  const refusal = code === undefined ? undefined : refusals.get(code)
  const name = /^[a-z_]{1,40}$/.test(error) ? error : 'unknown error'
  return new ProviderError({
    provider,
    call: 'sign-in',
    code: [name, ...(code === undefined ? [] : [`AADSTS${code}`])].join(' '),
    what: (
      refusal ??
      known?.what ??
      (error === 'access_denied' ? 'The sign-in was cancelled or not allowed' : explain(error))
    ).replace(/\.$/, ''),
    advice:
      known?.adviceForAccount ??
      known?.advice ??
      'Sign in as a Global Administrator, Privileged Role Administrator or Cloud Application Administrator and accept.',
    isTransient: known?.kind === 'temporary' || error === later || error === 'server_error',
  })
}

const signInWords: ReadonlyMap<number, FailureWords> = new Map([
  [
    50011,
    {
      what: 'the redirect URI is not the registered one',
      advice: 'Register <admin.publicUrl>/me/callback in the app registration, character for character.',
    },
  ],
  [
    7000218,
    {
      what: 'the client secret is missing',
      advice: 'Configure signIn.clientSecret, or allow public client flows in the app registration.',
    },
  ],
  [65001, { what: 'consent to the scopes openid and profile is missing', advice: 'Grant admin consent.' }],
  [65004, { what: 'the person declined at the sign-in page', advice: 'Begin again and accept.' }],
  [90094, { what: 'an administrator of the tenant must consent', advice: 'Grant admin consent.' }],
  [
    50105,
    { what: 'the person is not assigned to the application', advice: 'Assign the person, or a group of theirs.' },
  ],
])

/** What a text of the authority says about a person who signs in for themselves; undefined when it has no known code. */
export function explainSignIn(text: string): FailureWords | undefined {
  const number = aadstsCode({ errorNo: undefined, text })
  if (number === undefined) return undefined
  const known = knownCodes.get(number)
  const words = signInWords.get(number) ?? known
  return (
    words && {
      what: words.what,
      advice: words.advice,
      code: `AADSTS${number}`,
      isTransient: known?.kind === 'temporary',
    }
  )
}

/** OAuth's name of an error that MSAL threw, and the number of the code AADSTS; undefined where it has none. */
export function tokenErrorOf(thrown: unknown): {
  readonly errorCode: string | undefined
  readonly aadsts: number | undefined
} {
  const fields = readFields(thrown)
  return { errorCode: fields.errorCode, aadsts: aadstsCode(fields) }
}

interface TokenErrorFields {
  readonly errorCode: string | undefined
  readonly errorNo: unknown
  readonly text: string
  readonly status: number | undefined
}

function readFields(thrown: unknown): TokenErrorFields {
  if (typeof thrown !== 'object' || thrown === null)
    return { errorCode: undefined, errorNo: undefined, text: String(thrown), status: undefined }
  const value = thrown as Record<string, unknown>
  const { errorCode, errorMessage, message, errorNo, status } = value
  return {
    errorCode: typeof errorCode === 'string' && errorCode !== '' ? errorCode : undefined,
    errorNo,
    text: `${typeof errorMessage === 'string' ? errorMessage : ''} ${typeof message === 'string' ? message : ''}`,
    status: typeof status === 'number' ? status : undefined,
  }
}

/** `errorNo` is typed as text and is a number at run time (contract §2.5). */
function aadstsCode(fields: Pick<TokenErrorFields, 'errorNo' | 'text'>): number | undefined {
  const number = Number(fields.errorNo)
  if (Number.isSafeInteger(number) && number > 0) return number
  const match = /AADSTS(\d+)/.exec(fields.text)
  return match?.[1] === undefined ? undefined : Number(match[1])
}
