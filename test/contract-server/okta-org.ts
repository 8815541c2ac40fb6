import { createPublicKey, generateKeyPairSync, type KeyObject, verify } from 'node:crypto'
import { type FateOfMemberships, OktaDirectory, type Values } from './okta-directory.ts'
import { type Ask, type Misfortune, type Reply, type Service, startService, type TransportFreedoms } from './service.ts'
import { Tokens } from './tokens.ts'
import { type Whims, whimsOf } from './whims.ts'

/** What the contract of Okta leaves to the service. */
export interface OktaFreedoms extends TransportFreedoms {
  readonly seed: number
  readonly pageSize: number
  /** Shares of pages that are empty, and of objects that come again. */
  readonly empty: number
  readonly again: number
  /** Several Link headers, or one with commas. */
  readonly linkHeaders: 'lines' | 'joined'
  readonly linkStyle: 'quoted' | 'bare' | 'late' | 'spaced'
  readonly doubledLimits: boolean
  /** Attributes without a value, and things that nobody asked for. */
  readonly unset: 'null' | 'missing'
  readonly noise: boolean
  readonly milliseconds: boolean
  readonly fate: FateOfMemberships
  /** How far the index of `search` is behind, and the service's clock before ours. */
  readonly lagMs: number
  readonly skewMs: number
  readonly access: 'token' | 'oauth' | 'dpop'
  /** Calls that an access token is good for; 0: any number. */
  readonly tokenUses: number
  readonly logs: 200 | 403 | 404
  readonly throttledUntil: 'reset' | 'missing'
}

interface Cursor {
  readonly items: readonly Values[]
  readonly at: number
}

class Refusal extends Error {
  readonly reply: Reply
  constructor(status: number, errorCode: string, noise: Values, headers: Record<string, string> = {}) {
    super(errorCode)
    const body = {
      errorCode,
      errorSummary: 'Words that change.',
      errorLink: errorCode,
      errorId: 'oae',
      errorCauses: [],
      ...noise,
    }
    this.reply = { status, headers, body }
  }
}

/** An Okta org, made from the contract alone. */
export class OktaOrg implements AsyncDisposable {
  readonly apiToken = '00contract~token'
  readonly clientId = '0oacontract'
  readonly directory: OktaDirectory
  /** PEM; the public half is registered with the service app. */
  readonly privateKey: string
  service!: Service
  readonly #publicKey: KeyObject
  readonly #freedoms: OktaFreedoms
  readonly #whims: Whims
  readonly #now: () => Date
  readonly #cursors = new Map<string, Cursor>()
  readonly #tokens: Tokens
  readonly #nonces = new Set<string>()

  static async start(freedoms: OktaFreedoms, clock: () => Date): Promise<OktaOrg> {
    const org = new OktaOrg(freedoms, () => new Date(clock().getTime() + freedoms.skewMs))
    org.service = await startService(() => ({
      whims: org.#whims,
      transport: freedoms,
      now: org.#now,
      answer: (ask) => org.#answer(ask),
      word: (kind, ask) => (kind === 'expiredToken' && org.#tokens.isFresh(ask) ? undefined : org.#word(kind, ask)),
    }))
    return org
  }

  private constructor(freedoms: OktaFreedoms, now: () => Date) {
    this.#freedoms = freedoms
    this.#whims = whimsOf(freedoms.seed)
    this.#tokens = new Tokens(freedoms.tokenUses)
    this.#now = now
    this.directory = new OktaDirectory(this.#whims, now, freedoms.fate, freedoms.milliseconds)
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    this.privateKey = String(privateKey.export({ type: 'pkcs8', format: 'pem' }))
    this.#publicKey = createPublicKey(privateKey)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.service.close()
  }

  expireTokens(): void {
    this.#tokens.expire()
  }

  #answer(ask: Ask): Reply {
    try {
      if (ask.url.pathname === '/oauth2/v1/token') return this.#giveToken(ask)
      this.#checkAccess(ask)
      return this.#read(ask)
    } catch (error) {
      if (error instanceof Refusal) return { ...error.reply, headers: { ...this.#limits(), ...error.reply.headers } }
      throw error
    }
  }

  #word(kind: Exclude<Misfortune, 'cut'>, { url }: Ask): Reply | undefined {
    const { throttledUntil } = this.#freedoms
    switch (kind) {
      case 'unavailable':
        return { status: this.#whims.pick([502, 503, 504]), body: '<!doctype html><title>Gateway</title>Sorry' }
      case 'throttled':
        return this.#refused(429, 'E0000047', throttledUntil === 'reset' ? this.#limits(0) : {})
      case 'expiredToken':
      case 'unauthorized':
        return url.pathname.startsWith('/api/') ? this.#refused(401, 'E0000011') : undefined
      case 'forbidden':
        return url.pathname.startsWith('/api/') ? this.#refused(403, 'E0000006') : undefined
      case 'expiredCursor':
        return url.searchParams.has('after') ? this.#refused(400, 'E0000001') : undefined
      default:
        return kind satisfies never
    }
  }

  #refused(status: number, code: string, headers: Record<string, string | readonly string[]> = {}): Reply {
    return { ...new Refusal(status, code, this.#noise({ odd: 1 })).reply, headers }
  }

  #noise<T extends Values>(extra: T): Partial<T> {
    return this.#freedoms.noise ? extra : {}
  }

  #limits(left = 5000): Record<string, string | readonly string[]> {
    const twice = (value: number) => (this.#freedoms.doubledLimits ? [String(value), String(value)] : String(value))
    return {
      'x-rate-limit-limit': twice(6000),
      'x-rate-limit-remaining': twice(left),
      'x-rate-limit-reset': twice(Math.floor(this.#now().getTime() / 1000) + 7),
      'x-okta-request-id': this.#whims.token(12),
    }
  }

  // Access.

  #giveToken({ method, body, headers, url }: Ask): Reply {
    const bad = (status: number, error: string, more: Record<string, string> = {}): Reply => ({
      status,
      headers: more,
      body: { error, error_description: 'Words.', ...this.#noise({ odd: 1 }) },
    })
    const form = new URLSearchParams(body)
    if (method !== 'POST' || form.get('grant_type') !== 'client_credentials') return bad(400, 'unsupported_grant_type')
    const claims = this.#claims(form.get('client_assertion') ?? '')
    const address = `${url.origin}${url.pathname}`
    if (claims?.iss !== this.clientId || claims.sub !== this.clientId || claims.aud !== address)
      return bad(401, 'invalid_client')
    if (this.#freedoms.access === 'dpop') {
      const proof = readClaims(String(headers.dpop ?? ''))
      if (proof === undefined) return bad(400, 'invalid_dpop_proof')
      if (typeof proof.nonce !== 'string' || !this.#nonces.delete(proof.nonce)) {
        const nonce = this.#whims.token(20)
        this.#nonces.add(nonce)
        return bad(400, 'use_dpop_nonce', { 'dpop-nonce': nonce })
      }
    }
    const token = this.#tokens.give(this.#whims.token(40).replaceAll(/[*!~]/g, 'x'))
    const type = this.#freedoms.access === 'dpop' ? 'DPoP' : 'Bearer'
    return { status: 200, body: { token_type: type, expires_in: 3600, access_token: token, scope: form.get('scope') } }
  }

  /** Of a token that the service app signed. */
  #claims(token: string): Values | undefined {
    const [head = '', body = '', signature = ''] = token.split('.')
    const isSigned = verify(
      'RSA-SHA256',
      Buffer.from(`${head}.${body}`),
      this.#publicKey,
      Buffer.from(signature, 'base64url'),
    )
    return isSigned ? readClaims(token) : undefined
  }

  #checkAccess({ headers, method, url }: Ask): void {
    const { access } = this.#freedoms
    const { authorization } = headers
    const isRight =
      access === 'token'
        ? authorization === `SSWS ${this.apiToken}`
        : this.#tokens.take(authorization, access === 'dpop' ? 'DPoP' : 'Bearer')
    const proof = access === 'dpop' ? readClaims(String(headers.dpop ?? '')) : undefined
    const isProven = access !== 'dpop' || (proof?.htm === method && proof.htu === `${url.origin}${url.pathname}`)
    if (!isRight || !isProven) throw new Refusal(401, 'E0000011', this.#noise({ odd: 1 }))
  }

  // Reading.

  #read({ url }: Ask): Reply {
    const [api, version, first, id, part] = decodeURIComponent(url.pathname).slice(1).split('/')
    const limit = Number(url.searchParams.get('limit') ?? 200)
    const isLog = first === 'logs'
    if (!(limit >= 1 && limit <= (isLog ? 1000 : 200))) throw new Refusal(400, 'E0000001', {})
    const after = url.searchParams.get('after')
    if (after !== null) {
      const cursor = this.#cursors.get(after)
      if (cursor === undefined) throw new Refusal(400, 'E0000001', {})
      return this.#page(cursor, limit, url)
    }
    const list = (items: readonly Values[]) => this.#page({ items: this.#listed(items), at: 0 }, limit, url)
    if (api !== 'api' || version !== 'v1') throw new Refusal(404, 'E0000007', {})
    if (isLog) return this.#log(url, limit)
    if (first === 'users' && id === undefined)
      return list(this.#search(url.searchParams).map((user) => this.#user(user)))
    if (first === 'users') {
      const user = this.directory.findUser(id ?? '')
      if (user === undefined) throw new Refusal(404, 'E0000007', this.#noise({ odd: 1 }))
      if (part === undefined) return { status: 200, headers: this.#limits(), body: this.#user(user) }
      const holding = [...this.directory.groups.values()].filter((group) =>
        this.directory.membersOf(group).some((one) => one.id === user.id),
      )
      if (part === 'groups') return list(holding.map(({ record }) => this.#group(record)))
    }
    if (first === 'groups' && id === undefined)
      return list([...this.directory.groups.values()].map(({ record }) => this.#group(record)))
    const group = this.directory.groups.get(id ?? '')
    if (first === 'groups' && part === 'users' && group !== undefined)
      return list(this.directory.membersOf(group).map((user) => this.#user(user)))
    throw new Refusal(404, 'E0000007', {})
  }

  #search(query: URLSearchParams): Values[] {
    const search = query.get('search')
    if (search === null) return this.directory.users().filter(({ status }) => status !== 'DEPROVISIONED')
    const indexed = this.directory.users(this.#now().getTime() - this.#freedoms.lagMs)
    if (search === 'status pr') return indexed
    const since = /^lastUpdated gt "([^"]+)"$/.exec(search)?.[1]
    if (since === undefined) throw new Refusal(400, 'E0000031', {})
    return indexed.filter(({ lastUpdated }) => Date.parse(String(lastUpdated)) > Date.parse(since))
  }

  #log(url: URL, limit: number): Reply {
    const { logs } = this.#freedoms
    if (logs !== 200) throw new Refusal(logs, logs === 403 ? 'E0000006' : 'E0000007', {})
    const [since, until] = ['since', 'until'].map((name) => Date.parse(url.searchParams.get(name) ?? ''))
    const events = this.directory.events.filter(
      ({ published }) => published >= (since ?? 0) && published <= (until ?? Number.POSITIVE_INFINITY),
    )
    const items = events.map(({ uuid, published, eventType, userId }) => ({
      uuid,
      published: new Date(published).toISOString(),
      eventType,
      outcome: { result: 'SUCCESS' },
      target: [{ type: 'User', id: userId }],
    }))
    return this.#page({ items, at: 0 }, limit, url)
  }

  #listed(items: readonly Values[]): Values[] {
    const again = items.filter(() => this.#whims.chance(this.#freedoms.again))
    return this.#whims.shuffled([...items, ...again])
  }

  #user(user: Values): Values {
    const { unset, noise } = this.#freedoms
    const filled = { displayName: null, lastName: null, title: null, secondEmail: null, ...(user.profile as Values) }
    const profile =
      unset === 'null'
        ? filled
        : Object.fromEntries(Object.entries(filled).filter(([, value]) => (value ?? null) !== null))
    return {
      ...(noise ? { realmId: null, licenses: [], _embedded: {} } : {}),
      ...user,
      profile,
      credentials: { provider: { type: 'OKTA', name: 'OKTA' } },
      _links: { self: { href: `${this.service.origin}/api/v1/users/${String(user.id)}` } },
    }
  }

  #group(record: Values): Values {
    return {
      ...(this.#freedoms.noise ? { source: null, _embedded: { stats: { usersCount: 0 } } } : {}),
      objectClass: ['okta:user_group'],
      ...record,
    }
  }

  #page({ items, at }: Cursor, limit: number, url: URL): Reply {
    const whims = this.#whims
    const { empty, pageSize } = this.#freedoms
    const size = whims.chance(empty) ? 0 : Math.min(limit, whims.between(1, pageSize))
    const isLast = at + size >= items.length && !whims.chance(empty)
    const links = [this.#link(url.href, 'self')]
    if (!isLast) {
      const cursor = `${whims.token(16)}${whims.pick(['', ',', ', <b>;', '=='])}${this.#cursors.size}`
      this.#cursors.set(cursor, { items, at: at + size })
      const query = [...url.searchParams].filter(([name]) => name !== 'after')
      const pairs = whims.shuffled([...query, ['after', cursor], ...(this.#freedoms.noise ? [['x', 'y']] : [])])
      const search = pairs
        .map(([name = '', value = '']) => `${name}=${encodeURIComponent(value).replaceAll('%2C', ',')}`)
        .join('&')
      links.push(this.#link(`${url.origin}${url.pathname}?${search}`, 'next'))
    }
    const all = whims.shuffled(links)
    const link = this.#freedoms.linkHeaders === 'lines' ? all : all.join(whims.pick([',', ', ', ' ,  ']))
    return { status: 200, headers: { ...this.#limits(), link }, body: items.slice(at, at + size) }
  }

  #link(url: string, relation: string): string {
    switch (this.#freedoms.linkStyle) {
      case 'quoted':
        return `<${url}>; rel="${relation}"`
      case 'bare':
        return `<${url}>;rel=${relation}`
      case 'late':
        return `<${url}>; title="a, b; rel=next"; type="application/json"; rel="${relation}"`
      case 'spaced':
        return `<${url}> ; REL = "${relation}" ; foo`
      default:
        return this.#freedoms.linkStyle satisfies never
    }
  }
}

function readClaims(token: string): Values | undefined {
  try {
    return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Values
  } catch {
    return undefined
  }
}
