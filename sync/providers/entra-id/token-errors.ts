import { ProviderError } from '../../provider-error.ts'

/** What a code of the token endpoint means for a sync, and what to do (contract §2.5). */
const knownCodes: ReadonlyMap<number, { readonly what: string; readonly advice: string }> = new Map([
  [
    7000215,
    { what: 'the client secret is wrong', advice: 'Copy the secret value (not its id) from the app registration.' },
  ],
  [
    7000222,
    { what: 'the client secret has expired', advice: 'Make a new secret in the app registration and configure it.' },
  ],
  [
    700027,
    {
      what: 'the certificate is unknown to the application or its signature is bad',
      advice: 'Upload the certificate in the app registration and check the private key.',
    },
  ],
  [
    700016,
    {
      what: 'the application does not exist in this tenant',
      advice: 'Check clientId and tenantId, and grant admin consent in the tenant.',
    },
  ],
  [7000112, { what: 'the application is disabled', advice: 'Enable the enterprise application in the tenant.' }],
  [90002, { what: 'the tenant was not found', advice: 'Check tenantId and authorityHost.' }],
  [900023, { what: 'tenantId is neither a GUID nor a domain', advice: 'Check tenantId.' }],
  [
    65001,
    { what: 'consent is missing or was withdrawn', advice: 'Grant admin consent for the application permissions.' },
  ],
  [
    53003,
    {
      what: 'Conditional Access blocks the request',
      advice: "Allow this server's address in the Conditional Access policy.",
    },
  ],
  [700082, { what: 'the authorization was unused for 90 days', advice: 'Authorize an account again.' }],
  [
    50173,
    { what: 'the authorization was revoked (password or sessions reset)', advice: 'Authorize an account again.' },
  ],
  [50057, { what: 'the authorizing account is disabled', advice: 'Enable it or authorize another administrator.' }],
  [50034, { what: 'the authorizing account was deleted', advice: 'Authorize another administrator.' }],
  [50076, { what: 'multi-factor authentication is now required', advice: 'Authorize the account again.' }],
  [50079, { what: 'multi-factor registration is now required', advice: 'Authorize the account again.' }],
  [7000218, { what: 'the client secret is missing', advice: 'Configure a client secret.' }],
  [
    1002012,
    { what: 'the scope is not valid for an application', advice: 'Set scope to the Graph host followed by /.default.' },
  ],
  [70011, { what: 'the scope is not valid', advice: 'Set scope to the Graph host followed by /.default.' }],
])

export interface TokenFailure {
  readonly error: ProviderError
  /** Worth repeating: the service or the network failed, not the set-up. */
  readonly transient: boolean
}

/** What MSAL threw, as one sentence. Unknown `invalid_grant` is a set-up fault, anything else unknown is temporary. */
export function describeTokenFailure(provider: string, thrown: unknown): TokenFailure {
  if (thrown instanceof ProviderError) return { error: thrown, transient: false }
  const fields = readFields(thrown)
  const code = aadstsCode(fields)
  const name = code === undefined ? fields.errorCode : `AADSTS${code}`
  const known = code === undefined ? undefined : knownCodes.get(code)
  const setUp = known !== undefined || (fields.errorCode !== undefined && setUpErrors.has(fields.errorCode))
  const error = new ProviderError({
    provider,
    call: 'token request',
    status: fields.status,
    code: name,
    what: known?.what ?? explain(fields.errorCode),
    advice: known?.advice ?? (setUp ? 'Check the connection in the configuration.' : 'It will be tried again.'),
    isTransient: !setUp,
    cause: thrown,
  })
  return { error, transient: !setUp }
}

/** OAuth and MSAL error names that a repeat does not cure. */
const setUpErrors = new Set([
  'invalid_client',
  'unauthorized_client',
  'invalid_grant',
  'invalid_scope',
  'invalid_tenant',
  'invalid_request',
  'authority_uri_insecure',
  'untrusted_authority',
  'issuer_validation_failed',
])

function explain(errorCode: string | undefined): string {
  switch (errorCode) {
    case 'endpoints_resolution_error':
    case 'openid_config_error':
      return 'the authority did not answer its discovery document'
    case 'network_error':
    case undefined:
      return 'the authority could not be reached'
    default:
      return 'the authority refused or failed'
  }
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
function aadstsCode(fields: TokenErrorFields): number | undefined {
  const number = Number(fields.errorNo)
  if (Number.isSafeInteger(number) && number > 0) return number
  const match = /AADSTS(\d+)/.exec(fields.text)
  return match?.[1] === undefined ? undefined : Number(match[1])
}
