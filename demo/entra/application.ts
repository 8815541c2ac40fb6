import { createPublicKey, timingSafeEqual } from 'node:crypto'
import { type Claims, decodeToken, hasValidSignature } from '../https/json-web-token.ts'
import { SignInRefusal } from './sign-in-error.ts'

/** The app registration, to be changed in place by tests. */
export interface EntraApplication {
  readonly clientId: string
  secret: string
  secretIsExpired: boolean
  isDisabled: boolean
  /** "Allow public client flows": password checks without secret. */
  allowsPublicClient: boolean
  /** Application permissions that an administrator granted; they become `roles` of the next token. */
  readonly permissions: Set<string>
  /** Delegated permissions that are consented for everyone. */
  readonly consentedScopes: Set<string>
  /** Compared character for character. */
  readonly redirectUris: Set<string>
  /** UPN of the person who approves every authorize request at once; undefined shows a sign-in page. */
  approvesAs: string | undefined
  /** Tenant that tokens of people name; undefined for this one, another for somebody who signed in elsewhere. */
  tenantOfPeople: string | undefined
  /** Optional claims of identity tokens; tests also put lies there. */
  idTokenClaims: Claims
  /** Certificates or public keys (PEM) that client assertions may be signed for. */
  readonly certificates: string[]
}

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** Checks client id and secret or assertion of a token request. Throws `SignInRefusal` (contract §2.5). */
export function authenticateClient(
  application: EntraApplication,
  form: URLSearchParams,
  tokenEndpoint: string,
  now: Date,
  isSecretRequired: boolean,
): void {
  if (form.get('client_id') !== application.clientId) throw new SignInRefusal(700016)
  if (application.isDisabled) throw new SignInRefusal(7000112)
  const secret = form.get('client_secret')
  const assertion = form.get('client_assertion')
  if (secret !== null) {
    if (!isSameSecret(secret, application.secret)) throw new SignInRefusal(7000215)
    if (application.secretIsExpired) throw new SignInRefusal(7000222)
  } else if (assertion !== null) {
    if (!isValidAssertion(application, form, assertion, tokenEndpoint, now)) throw new SignInRefusal(700027)
  } else if (isSecretRequired) {
    throw new SignInRefusal(7000218)
  }
}

function isSameSecret(given: string, expected: string): boolean {
  const [left, right] = [Buffer.from(given), Buffer.from(expected)]
  return left.length === right.length && timingSafeEqual(left, right)
}

function isValidAssertion(
  application: EntraApplication,
  form: URLSearchParams,
  assertion: string,
  tokenEndpoint: string,
  now: Date,
): boolean {
  const token = decodeToken(assertion)
  if (token === undefined || form.get('client_assertion_type') !== assertionType) return false
  const { iss, sub, aud, exp } = token.claims
  const seconds = now.getTime() / 1000
  if (iss !== application.clientId || sub !== application.clientId || aud !== tokenEndpoint) return false
  if (typeof exp !== 'number' || exp <= seconds) return false
  return application.certificates.some((pem) => hasValidSignature(token, createPublicKey(pem)))
}
