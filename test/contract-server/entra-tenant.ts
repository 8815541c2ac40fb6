import {
  EntraDirectory,
  type Happening,
  type Item,
  type Kind,
  type MemberType,
  type Values,
} from './entra-directory.ts'
import { EntraErrors, Refusal } from './entra-errors.ts'
import type { EntraFreedoms } from './entra-freedoms.ts'
import { type Ask, type Reply, type Service, startService } from './service.ts'
import { Tokens } from './tokens.ts'
import { type Whims, whimsOf } from './whims.ts'

/** Where change tracking goes on. */
interface Since {
  readonly kind: Kind
  readonly happened: number
  readonly select: readonly string[]
}

/** Part of a listing: each item makes its object when it is sent; undefined: nothing to send any more. */
interface Cursor {
  readonly items: readonly (() => Values | undefined)[]
  readonly at: number
  /** Change tracking goes on from here when the listing has ended. */
  readonly since: Since | undefined
  readonly context: string
}

const userProperties =
  'id userPrincipalName mail displayName givenName surname accountEnabled userType mailNickname otherMails proxyAddresses onPremisesSamAccountName onPremisesUserPrincipalName onPremisesSecurityIdentifier onPremisesDomainName onPremisesSyncEnabled employeeId department jobTitle companyName mobilePhone businessPhones officeLocation preferredLanguage createdDateTime'.split(
    ' ',
  )
const groupProperties =
  'id displayName description mail mailNickname mailEnabled securityEnabled groupTypes visibility onPremisesSamAccountName onPremisesSecurityIdentifier onPremisesSyncEnabled proxyAddresses members'.split(
    ' ',
  )

/** A tenant of Microsoft Entra ID: sign-in service and Microsoft Graph, made from the contract alone. */
export class EntraTenant implements AsyncDisposable {
  readonly tenantId: string
  readonly clientId: string
  readonly clientSecret: string
  service!: Service
  readonly #freedoms: EntraFreedoms
  readonly #whims: Whims
  readonly #errors: EntraErrors
  readonly directory: EntraDirectory
  readonly #cursors = new Map<string, Cursor>()
  readonly #deltas = new Map<string, Since>()
  readonly #tokens: Tokens

  static async start(freedoms: EntraFreedoms, clock: () => Date): Promise<EntraTenant> {
    const now = () => new Date(clock().getTime() + freedoms.skewMs)
    const tenant = new EntraTenant(freedoms, now)
    tenant.service = await startService(() => ({
      whims: tenant.#whims,
      transport: freedoms,
      now,
      answer: (ask) => tenant.#answer(ask),
      word: (kind, ask) =>
        kind === 'expiredToken' && tenant.#tokens.isFresh(ask) ? undefined : tenant.#errors.word(kind, ask),
    }))
    return tenant
  }

  private constructor(freedoms: EntraFreedoms, now: () => Date) {
    this.#freedoms = freedoms
    this.#whims = whimsOf(freedoms.seed)
    this.#tokens = new Tokens(freedoms.tokenUses)
    this.directory = new EntraDirectory(() => this.#whims.guid(), freedoms.tellsMembersOfDeleted)
    const guid = () => this.#whims.guid()
    this.tenantId = guid()
    this.clientId = guid()
    this.clientSecret = `secret~${guid()}`
    this.#errors = new EntraErrors(freedoms, this.#whims, now, this.tenantId)
  }

  /** Where the product is pointed at. */
  get settings() {
    const { origin } = this.service
    return {
      tenantId: this.tenantId,
      clientId: this.clientId,
      authorityHost: origin,
      graphUrl: `${origin}/v1.0`,
      scope: `${origin}/.default`,
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.service.close()
  }

  /** Links for change tracking given so far are of no use any more. */
  forgetDeltas(): void {
    this.#deltas.clear()
  }

  expireTokens(): void {
    this.#tokens.expire()
  }

  // What is answered.

  #answer(ask: Ask): Reply {
    try {
      const path = decodeURIComponent(ask.url.pathname).replace(/\/$/, '')
      if (path === `/${this.tenantId}/v2.0/.well-known/openid-configuration`)
        return { status: 200, body: this.#discovery() }
      if (path === `/${this.tenantId}/oauth2/v2.0/token`) return this.#giveToken(ask)
      this.#checkToken(ask.headers.authorization)
      return {
        status: 200,
        headers: this.#noise({ 'x-ms-resource-unit': '1', 'request-id': this.#whims.guid() }),
        body: this.#read(path, ask),
      }
    } catch (error) {
      if (error instanceof Refusal) return error.reply
      throw error
    }
  }

  #discovery(): unknown {
    const base = `${this.service.origin}/${this.tenantId}`
    const end = this.#freedoms.trailingSlashes ? '/' : ''
    return {
      token_endpoint: `${base}/oauth2/v2.0/token${end}`,
      authorization_endpoint: `${base}/oauth2/v2.0/authorize${end}`,
      end_session_endpoint: `${base}/oauth2/v2.0/logout${end}`,
      jwks_uri: `${base}/discovery/v2.0/keys${end}`,
      issuer: `${base}/v2.0${end}`,
      ...this.#noise({ tenant_region_scope: 'EU', claims_supported: ['sub'], frontchannel_logout_supported: true }),
    }
  }

  #giveToken({ method, body }: Ask): Reply {
    const form = new URLSearchParams(body)
    const bad = (error: string, status: number) => ({
      status,
      body: { error, ...this.#noise({ correlation_id: this.#whims.guid() }) },
    })
    if (method !== 'POST' || form.get('grant_type') !== 'client_credentials') return bad('unsupported_grant_type', 400)
    if (form.get('client_id') !== this.clientId) return bad('unauthorized_client', 400)
    if (form.get('client_secret') !== this.clientSecret) return bad('invalid_client', 401)
    if (form.get('scope')?.split(' ')[0] !== `${this.service.origin}/.default`) return bad('invalid_scope', 400)
    const token = this.#tokens.give(this.#whims.guid())
    const expires = { expires_in: this.#freedoms.tokenSeconds, ext_expires_in: this.#freedoms.tokenSeconds }
    return {
      status: 200,
      body: { token_type: 'bearer', access_token: token, ...expires, ...this.#noise({ foci: '1' }) },
    }
  }

  #checkToken(authorization: string | undefined): void {
    if (!this.#tokens.take(authorization, 'Bearer'))
      throw new Refusal(this.#errors.of(401, 'InvalidAuthenticationToken', { 'www-authenticate': 'Bearer realm=""' }))
  }

  #noise<T extends Values>(extra: T): Partial<T> {
    return this.#freedoms.noise ? extra : {}
  }

  #read(path: string, ask: Ask): unknown {
    const { searchParams } = ask.url
    const token = searchParams.get('$skiptoken')
    if (token !== null) {
      const cursor = this.#cursors.get(token)
      if (cursor === undefined) throw new Refusal(this.#errors.of(400, 'Directory_ExpiredPageToken'))
      return this.#page(cursor, Number.POSITIVE_INFINITY)
    }
    const delta = searchParams.get('$deltatoken')
    if (delta !== null && delta !== 'latest') {
      const since = this.#deltas.get(delta)
      if (since === undefined) throw new Refusal(this.#errors.lostTrack(ask))
      return this.#page({ ...this.#round(since), at: 0 }, Number.POSITIVE_INFINITY)
    }
    const [version, first = '', id, part] = path.slice(1).split('/')
    const top = Number(searchParams.get('$top') ?? 100)
    if (version !== 'v1.0' || !(top >= 1 && top <= 999)) throw new Refusal(this.#errors.of(400, 'BadRequest'))
    const list = (context: string, items: Cursor['items']) =>
      this.#page({ items, at: 0, since: undefined, context }, top)
    if (first === 'domains')
      return { value: [{ id: 'contract.example', isVerified: true, isDefault: true, isInitial: true }] }
    if (first !== 'users' && first !== 'groups') throw new Refusal(this.#errors.of(400, 'BadRequest'))
    const select = this.#select(searchParams.get('$select'), first)
    if (id === undefined)
      return list(
        first,
        this.#listed(
          this.directory.items[first].values().filter(({ gone }) => gone === undefined),
          (item) => (item.gone === undefined ? this.#object(item, select) : undefined),
        ),
      )
    if (id === 'delta') {
      const since: Since = { kind: first, happened: delta === 'latest' ? this.directory.happened.length : 0, select }
      return this.#page(
        { ...(delta === 'latest' ? { items: [], since, context: first } : this.#round(since)), at: 0 },
        Number.POSITIVE_INFINITY,
      )
    }
    const item = this.#find(first, id)
    if (part === undefined)
      return {
        '@odata.context': `${this.service.origin}/v1.0/$metadata#${first}/$entity`,
        ...this.#object(item, select),
      }
    if (part === 'members' && first === 'groups')
      return list(
        'directoryObjects',
        this.#listed([...item.members], ([member, type]) => this.#member(member, type)),
      )
    if (part === 'memberOf' && first === 'users') return list('directoryObjects', this.#parents(item.id))
    throw new Refusal(this.#errors.of(400, 'BadRequest'))
  }

  #select(text: string | null, kind: Kind): readonly string[] {
    const known = kind === 'users' ? userProperties : groupProperties
    const names = text?.split(',') ?? known
    if (names.some((name) => !known.includes(name))) throw new Refusal(this.#errors.of(400, 'BadRequest'))
    return names
  }

  #find(kind: Kind, name: string): Item {
    const wanted = name.toLowerCase()
    const isIt = ({ id, values }: Item) => id === wanted || String(values.userPrincipalName).toLowerCase() === wanted
    const item = [...this.directory.items[kind].values()].find((one) => one.gone === undefined && isIt(one))
    if (item === undefined) throw new Refusal(this.#errors.of(404, 'Request_ResourceNotFound'))
    return item
  }

  /** In any order, some of them again. */
  #listed<T>(all: Iterable<T>, object: (item: T) => Values | undefined): Cursor['items'] {
    const { again, live } = this.#freedoms
    const items = [...all]
    const repeated = items.filter(() => this.#whims.chance(again))
    return this.#whims.shuffled([...items, ...repeated]).map((item) => {
      if (live) return () => object(item)
      const made = object(item)
      return () => made
    })
  }

  #parents(userId: string): Cursor['items'] {
    const groups = [...this.directory.items.groups.values()].filter(
      ({ gone, members }) => gone === undefined && members.has(userId),
    )
    const other = (type: string) => ({
      '@odata.type': `#microsoft.graph.${type}`,
      id: this.#whims.guid(),
      displayName: null,
    })
    return [
      ...this.#listed(groups, ({ id }) => ({ '@odata.type': '#microsoft.graph.group', id: this.#spell(id) })),
      () => other('directoryRole'),
      () => other('administrativeUnit'),
    ]
  }

  #member(id: string, type: MemberType): Values | undefined {
    const kind = type === 'user' ? 'users' : 'groups'
    if ((type === 'user' || type === 'group') && this.directory.items[kind].get(id)?.gone !== undefined)
      return undefined
    return {
      '@odata.type': `#microsoft.graph.${type}`,
      id: this.#spell(id),
      ...this.#noise({ displayName: null, mail: null }),
    }
  }

  #spell(id: string): string {
    const { idCase } = this.#freedoms
    return idCase === 'upper' || (idCase === 'any' && this.#whims.chance(0.5)) ? id.toUpperCase() : id
  }

  #object({ id, values }: Item, select: readonly string[], unset: 'null' | 'missing' = this.#freedoms.unset): Values {
    const named = select.filter((name) => name !== 'id' && name !== 'members')
    const pairs = named.map((name) => [name, values[name] ?? null] as const)
    const own = Object.fromEntries(pairs.filter(([, value]) => unset === 'null' || value !== null))
    const annotations = {
      '@odata.id': `directory/${id}`,
      '@odata.etag': 'W/"1"',
      'groupTypes@odata.type': '#Collection(String)',
      shoeSize: 43,
      'mail@is.odd': null,
    }
    return { ...this.#noise(annotations), ...own, id: this.#spell(id) }
  }

  /** Everything that happened since, in any order but that what is said last of an object is how it is. */
  #round(since: Since): Omit<Cursor, 'at'> {
    const { kind, select, happened } = since
    const news = this.directory.happened.slice(happened).filter((one) => one.kind === kind)
    const changed = new Set(news.map(({ id }) => id))
    for (const { id } of this.directory.items[kind].values())
      if (this.#whims.chance(this.#freedoms.again / 3)) changed.add(id)
    const stories = [...changed].map((id) =>
      this.#story(
        id,
        kind,
        select,
        news.filter((one) => one.id === id),
      ),
    )
    const strangers = this.#freedoms.noise
      ? [[() => ({ id: this.#spell(this.#whims.guid()), '@removed': { reason: 'deleted' } })]]
      : []
    return {
      items: this.#interleaved([...stories, ...strangers]),
      since: { kind, select, happened: this.directory.happened.length },
      context: kind,
    }
  }

  /** What a round tells of one object, in order. */
  #story(id: string, kind: Kind, select: readonly string[], news: readonly Happening[]): Cursor['items'] {
    const item = this.directory.item(kind, id)
    const whims = this.#whims
    const cleared = [...new Set(news.flatMap((one) => one.cleared ?? []))].filter((name) => select.includes(name))
    const now = (): Values => {
      if (item.gone !== undefined) return { id: this.#spell(id), '@removed': { reason: item.gone } }
      const nulls = Object.fromEntries(
        cleared.filter((name) => (item.values[name] ?? null) === null).map((name) => [name, null]),
      )
      return { ...this.#object(item, select, 'missing'), ...nulls }
    }
    const made = now()
    const last = this.#freedoms.live ? now : () => made
    const earlier = news.flatMap(({ before }) =>
      before !== undefined && whims.chance(this.#freedoms.again) ? [{ ...item, values: before }] : [],
    )
    const told: (() => Values)[] = earlier.map((old) => () => this.#object(old, select, 'missing'))
    for (const { went } of news)
      if (went !== undefined && whims.chance(this.#freedoms.again))
        told.push(() => ({ id: this.#spell(id), '@removed': { reason: went } }))
    if (whims.chance(this.#freedoms.again)) told.push(() => made)
    if (kind === 'users' || !select.includes('members')) return [...told, last]
    return [...told, ...this.#memberStory(item, news, last)]
  }

  /** Members in chunks over several objects of the group, each change of one member after the ones before it. */
  #memberStory(group: Item, news: readonly Happening[], last: () => Values): Cursor['items'] {
    const whims = this.#whims
    const changes: { id: string; type: MemberType; isThere: boolean }[] = []
    for (const { member } of news) {
      if (member === undefined) continue
      if (whims.chance(this.#freedoms.again)) changes.push({ ...member, isThere: !member.isThere })
      changes.push(member)
      if (whims.chance(this.#freedoms.again)) changes.push(member)
    }
    for (const [id, type] of group.members)
      if (
        this.#member(id, type) !== undefined &&
        whims.chance(this.#freedoms.again / 3) &&
        !changes.some((one) => one.id === id)
      )
        changes.push({ id, type, isThere: true })
    if (group.gone !== undefined || changes.length === 0) return [last]
    const objects: (() => Values)[] = []
    for (let at = 0; at < changes.length; ) {
      const size = whims.between(1, 5)
      const chunk = changes.slice(at, at + size).map((change) => this.#memberDelta(change))
      const isBare = whims.chance(0.3)
      objects.push(() => ({
        ...(isBare ? { id: this.#spell(group.id) } : last()),
        ...(group.gone === undefined ? { 'members@delta': chunk } : {}),
      }))
      at += size
    }
    return whims.chance(0.5) ? [...objects, last] : [last, ...objects]
  }

  #memberDelta({ id, type, isThere }: { id: string; type: MemberType; isThere: boolean }): Values {
    const typed = { '@odata.type': `#microsoft.graph.${type}`, id: this.#spell(id) }
    if (isThere) return typed
    return { ...(this.#whims.chance(0.5) ? typed : { id: typed.id }), '@removed': { reason: 'deleted' } }
  }

  /** One list out of several, each in its own order. */
  #interleaved(stories: readonly Cursor['items'][]): Cursor['items'] {
    const turns = this.#whims.shuffled(stories.flatMap((story, index) => story.map(() => index)))
    const at = stories.map(() => 0)
    return turns.map((index) => {
      const item = stories[index]?.[at[index] ?? 0]
      at[index] = (at[index] ?? 0) + 1
      return item ?? (() => undefined)
    })
  }

  #page(cursor: Cursor, top: number): unknown {
    const { items, at, since, context } = cursor
    const whims = this.#whims
    const size = whims.chance(this.#freedoms.empty) ? 0 : Math.min(top, whims.between(1, this.#freedoms.pageSize))
    const isLast = at + size >= items.length && !whims.chance(this.#freedoms.empty)
    const value = items.slice(at, at + size).flatMap((item) => item() ?? [])
    const next = isLast ? undefined : this.#link(context, '$skiptoken', this.#cursors, { ...cursor, at: at + size })
    const delta =
      isLast && since !== undefined ? this.#link(`${context}/delta`, '$deltatoken', this.#deltas, since) : undefined
    return {
      '@odata.context': `${this.service.origin}/v1.0/$metadata#${context}`,
      ...this.#noise({
        '@odata.count': null,
        '@microsoft.graph.tips': 'Use $select',
        '@odata.nextLink@odd.note': 'none',
      }),
      ...(whims.chance(0.5) ? { value } : {}),
      ...(next === undefined ? {} : { '@odata.nextLink': next }),
      ...(delta === undefined ? {} : { '@odata.deltaLink': delta }),
      value,
    }
  }

  #link<T>(path: string, name: '$skiptoken' | '$deltatoken', into: Map<string, T>, state: T): string {
    const whims = this.#whims
    const token = `${whims.token(12)}${this.#freedoms.strangeLinks ? whims.pick(['', '==', "'a b'", '+/&?', 'ä#%']) : ''}${into.size}`
    into.set(token, state)
    const pair = `${whims.chance(0.5) ? name : encodeURIComponent(name)}=${encodeURIComponent(token)}`
    const { origin } = this.service
    if (!this.#freedoms.strangeLinks) return `${origin}/v1.0/${path}?${pair}`
    const strange = whims.pick([
      `v1.0/${path}`,
      `v1.0/shards('eu-${whims.between(1, 9)}')/${path}/more`,
      `eu/v1.0/${path}`,
      `v1.0/${path.toUpperCase()}`,
    ])
    const others = ['$select=id', '$top=999', 'x-shard=a%20b', 'flag', '$count=']
    return `${origin}/${strange}?${whims.shuffled([pair, ...others.filter(() => whims.chance(0.5))]).join('&')}`
  }
}
