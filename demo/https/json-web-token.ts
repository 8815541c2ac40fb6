import { constants, type KeyObject, sign, verify } from 'node:crypto'

export type Claims = Readonly<Record<string, unknown>>

export interface DecodedToken {
  readonly header: Claims
  readonly claims: Claims
  readonly signingInput: string
  readonly signature: Buffer
}

/** Signs with RS256; `keyId` becomes `kid`. */
export function signToken(claims: Claims, key: KeyObject, keyId: string): string {
  const signingInput = `${encode({ typ: 'JWT', alg: 'RS256', kid: keyId })}.${encode(claims)}`
  return `${signingInput}.${sign('sha256', Buffer.from(signingInput), key).toString('base64url')}`
}

/** Undefined when `token` is not three parts of base64url JSON. Verifies nothing. */
export function decodeToken(token: string): DecodedToken | undefined {
  const [header, payload, signature, ...rest] = token.split('.')
  if (header === undefined || payload === undefined || signature === undefined || rest.length > 0) return undefined
  try {
    return {
      header: decode(header),
      claims: decode(payload),
      signingInput: `${header}.${payload}`,
      signature: Buffer.from(signature, 'base64url'),
    }
  } catch {
    return undefined
  }
}

/** Checks the signature by the algorithm of the header: RS256, PS256 or ES256. Any other is refused. */
export function hasValidSignature(token: DecodedToken, key: KeyObject): boolean {
  const data = Buffer.from(token.signingInput)
  switch (token.header.alg) {
    case 'RS256':
      return key.asymmetricKeyType === 'rsa' && verify('sha256', data, key, token.signature)
    case 'PS256':
      return (
        key.asymmetricKeyType === 'rsa' &&
        verify('sha256', data, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }, token.signature)
      )
    case 'ES256':
      return (
        key.asymmetricKeyType === 'ec' && verify('sha256', data, { key, dsaEncoding: 'ieee-p1363' }, token.signature)
      )
    default:
      return false
  }
}

function encode(value: Claims): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function decode(part: string): Claims {
  const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError('not a JSON object')
  return Object.fromEntries(Object.entries(value))
}
