import { isJsonObject } from '../../record-fields.ts'
import type { ResponseHeaders } from './rate-limit.ts'

/**
 * The token endpoint gave no token. The status is not named `status`: the SDK would take the error for an answer of the
 * API and repeat.
 */
export class TokenRequestError extends Error {
  override readonly name = 'TokenRequestError'
  readonly answer: { readonly status: number; readonly headers: ResponseHeaders }
  /** OAuth's `error`; undefined when something else answered. */
  readonly error: string | undefined
  readonly description: string | undefined

  constructor(answer: Response, body: unknown) {
    const text = (name: string) => (isJsonObject(body) && typeof body[name] === 'string' ? body[name] : undefined)
    super(`the token request was answered with ${answer.status}`)
    this.answer = { status: answer.status, headers: answer.headers }
    this.error = text('error')
    this.description = text('error_description')
  }
}

type TokenAnswer =
  | { readonly type: 'token'; readonly token: string; readonly body: unknown }
  | { readonly type: 'nonce'; readonly nonce: string }

/**
 * The access token of a service app, between the SDK and the token endpoint. The SDK takes every answer for a token
 * (contract §8.2 no. 7), so refusals are thrown here; and it asks once for each call that was refused, so the same token
 * is given to all of them.
 */
export class AccessTokens {
  #current: Promise<TokenAnswer> | undefined

  /** The answer for the SDK's token request, which `send` sends when there is no token. */
  async answer(proof: string | undefined, send: () => Promise<Response>): Promise<Response> {
    this.#current ??= this.#ask(proof, send)
    const answer = await this.#current
    if (answer.type === 'token') return Response.json(answer.body)
    return Response.json({ error: nonceWanted }, { status: 400, headers: { 'dpop-nonce': answer.nonce } })
  }

  /** The API refused a request with this Authorization header: unless it has been renewed meanwhile, ask again. */
  async refused(authorization: string | undefined): Promise<void> {
    const asked = this.#current
    const answer = await asked?.catch(() => undefined)
    if (answer?.type === 'token' && authorization?.split(' ')[1] === answer.token && this.#current === asked)
      this.#current = undefined
  }

  async #ask(proof: string | undefined, send: () => Promise<Response>): Promise<TokenAnswer> {
    let answer: TokenAnswer | undefined
    try {
      answer = await readAnswer(proof, await send())
      return answer
    } finally {
      if (answer?.type !== 'token') this.#current = undefined
    }
  }
}

const nonceWanted = 'use_dpop_nonce'

async function readAnswer(proof: string | undefined, response: Response): Promise<TokenAnswer> {
  const body = parseJson(await response.text())
  if (isJsonObject(body)) {
    if (response.ok && typeof body.access_token === 'string') return { type: 'token', token: body.access_token, body }
    const nonce = response.headers.get('dpop-nonce')
    // Apps that require DPoP give a nonce first; the SDK then asks again with it, without end if it were never right.
    if (body.error === nonceWanted && nonce !== null && !hasNonce(proof)) return { type: 'nonce', nonce }
  }
  throw new TokenRequestError(response, body)
}

function hasNonce(proof: string | undefined): boolean {
  const claims = parseJson(Buffer.from(proof?.split('.')[1] ?? '', 'base64url').toString())
  return isJsonObject(claims) && claims.nonce !== undefined
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
