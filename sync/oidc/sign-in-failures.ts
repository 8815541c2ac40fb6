import { AuthorizationResponseError, ClientError, ResponseBodyError } from 'openid-client'
import { ProviderError } from '../provider-error.ts'

/** What an error of a provider means, in words. */
export interface FailureWords {
  readonly what: string
  readonly advice: string
  /** The vendor's code. */
  readonly code?: string
  readonly isTransient?: boolean
}

const later = 'Try again later.'

/** Errors of OAuth and OpenID Connect; the vendor's own words come first. */
const knownErrors: Readonly<Record<string, FailureWords>> = {
  access_denied: {
    what: 'the sign-in was declined, or the person may not use the application',
    advice: 'Whoever is to sign in must be assigned to the application.',
  },
  invalid_client: {
    what: 'the client is unknown there or its secret is wrong',
    advice: 'Check signIn.clientId and signIn.clientSecret.',
  },
  unauthorized_client: {
    what: 'the client may not sign people in',
    advice: 'Allow it the authorization code grant.',
  },
  invalid_grant: {
    what: 'the code of the provider was used already, is too old, or was given to somebody else',
    advice: 'Begin again.',
  },
  invalid_scope: { what: 'the provider refuses a scope', advice: 'Allow the scopes openid and profile to the client.' },
  server_error: { what: 'the provider failed', advice: later, isTransient: true },
  temporarily_unavailable: { what: 'the provider is busy', advice: later, isTransient: true },
}

const failedChecks: Readonly<Record<string, string>> = {
  OAUTH_JWT_CLAIM_COMPARISON_FAILED: 'the identity token is not for this sign-in',
  OAUTH_JWT_TIMESTAMP_CHECK_FAILED: 'the identity token has expired, or is of the future',
  OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED: 'the discovery document is of another issuer',
  OAUTH_KEY_SELECTION_FAILED: 'the identity token is signed with a key that the provider does not publish',
  OAUTH_INVALID_RESPONSE: 'the answer is not valid',
  OAUTH_PARSE_ERROR: 'the answer was cut short, or is no JSON',
}

/** What openid-client threw, as one sentence without anything secret. */
export function signInFailure(
  provider: string,
  call: string,
  thrown: unknown,
  explain: (text: string) => FailureWords | undefined = () => undefined,
): ProviderError {
  if (thrown instanceof ProviderError) return thrown
  if (thrown instanceof AuthorizationResponseError || thrown instanceof ResponseBodyError) {
    const { error, error_description: description = '' } = thrown
    const status = thrown instanceof ResponseBodyError ? thrown.status : undefined
    const words = explain(description) ?? knownErrors[error]
    const name = /^[a-z_]{1,40}$/.test(error) ? error : 'unknown error'
    return new ProviderError({
      provider,
      call,
      status,
      code: [name, ...(words?.code === undefined ? [] : [words.code])].join(' '),
      what: words?.what ?? `the provider refused: ${printable(description)}`,
      advice: words?.advice ?? 'Check the client at the provider.',
      isTransient: words?.isTransient ?? isPassing(status),
    })
  }
  if (thrown instanceof ClientError && thrown.code !== 'OAUTH_TIMEOUT' && thrown.code !== 'OAUTH_ABORT') {
    const status = thrown.cause instanceof Response ? thrown.cause.status : undefined
    const reason = thrown.cause instanceof Error ? thrown.cause.message : thrown.message
    const words = failedChecks[thrown.code ?? '']
    const isCut = thrown.code === 'OAUTH_PARSE_ERROR'
    return new ProviderError({
      provider,
      call,
      status,
      what: words === undefined ? reason : `${words}: ${reason}`,
      advice: isPassing(status) ? later : 'Check the provider in the configuration, and any proxy in between.',
      isTransient: isPassing(status) || isCut,
    })
  }
  const isLate = thrown instanceof ClientError
  return new ProviderError({
    provider,
    call,
    what: isLate ? 'no answer from the provider in time' : `the provider could not be reached${causeOf(thrown)}`,
    advice: later,
    isTransient: true,
  })
}

function isPassing(status: number | undefined): boolean {
  return status !== undefined && (status === 429 || status >= 500)
}

/** `fetch` hides why it failed. */
function causeOf(thrown: unknown): string {
  const cause = thrown instanceof Error ? thrown.cause : undefined
  return cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''
}

/** The text comes through the browser, so anybody may have written it. */
function printable(text: string): string {
  return text === '' ? 'it does not say why' : text.replace(/[^\x20-\x7e]+/g, ' ').slice(0, 200)
}
