import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { EntryChange } from '../../server/directory/directory-store.ts'
import type { Entry } from '../../server/directory/entry.ts'
import { BerReader, Tag } from '../../server/protocol/ber-reader.ts'
import { element, textElement } from '../../server/protocol/ber-writer.ts'
import { normalizeDn, parentKey } from '../../server/protocol/distinguished-name.ts'
import type { Filter } from '../../server/protocol/filter.ts'
import { parseFilter } from '../../server/protocol/filter-string.ts'
import { Oid } from '../../server/protocol/oids.ts'
import { ResultCode } from '../../server/protocol/result-code.ts'
import { control, pagedResultsValue } from '../builders/client-requests.ts'
import { put, remove } from '../builders/directory-view.ts'
import { encodeFilter } from '../builders/ldap-messages.ts'
import { type OpenLdap, startOpenLdap } from '../builders/openldap.ts'
import { RawLdapClient, type ReceivedEntry, type ReceivedResult } from '../builders/raw-ldap-client.ts'
import { hasTool } from '../builders/required-tool.ts'
import { reader, type RunningLdapServer, startTestLdapServer, suffix } from '../builders/running-ldap-server.ts'
import { AnswerOracle, type PlainAnswer, plainAnswer, type SearchAsked } from './answer-oracle.ts'
import { FilterOracle, type Hidden, isSubtype } from './filter-oracle.ts'
import { adaDn, groups, type Happening, happening, people, search } from './random-search.ts'

/*
 * One search, several answers: that of the server, of its twin with ldapjs's parser and encoder, of an oracle that looks at every entry,
 * and of OpenLDAP. They must be the same, while people and groups come, change, move and go.
 */

const isLong = process.env['ROSTERD_LONG'] === '1'
const seed = Number(process.env['ROSTERD_DIFFERENTIAL_SEED'] ?? (isLong ? Math.floor(Math.random() * 2 ** 31) : 2026))
const runs = Number(process.env['ROSTERD_DIFFERENTIAL_RUNS'] ?? (isLong ? 60_000 : 2400))
const states = isLong ? 40 : 6

// Who asks, and what each may see

const scopedBinder = {
  name: 'scoped',
  password: 'a-Binder-Secret-1',
  scope: { subtrees: [people, `cn=g1,${groups}`], filter: '(!(title=boss))' },
  attributes: ['uid', 'name', 'memberOf', 'member', 'memberUid', 'manager', 'uidNumber', 'hasSubordinates'],
}
const secrets = ['userPassword', 'sambaNTPassword']
const suffixKey = normalizeDn(suffix)
const isContainer = ({ dn }: Entry, subtrees: readonly string[] = []) => {
  const key = normalizeDn(dn)
  const isOnTop = parentKey(key) === suffixKey || subtrees.includes(key)
  return key === suffixKey || (isOnTop && dn.toLowerCase().startsWith('ou='))
}

interface Asker {
  readonly name: string
  readonly bind: readonly [dn: string, password: string]
  readonly sees: 'everything' | ((entry: Entry, entries: readonly Entry[]) => boolean)
  readonly attributes?: readonly string[]
}

const askers: readonly Asker[] = [
  { name: 'binder', bind: [reader.dn, reader.password], sees: 'everything' },
  {
    name: 'scoped binder',
    bind: [`cn=scoped,ou=services,${suffix}`, scopedBinder.password],
    attributes: ['objectClass', ...scopedBinder.attributes],
    sees: (entry, entries) => {
      const subtrees = scopedBinder.scope.subtrees.map((dn) => normalizeDn(dn))
      const oracle = new FilterOracle(wire.schema, entries, { attributes: new Set(), entryUUIDs: new Set() })
      const isBelow = subtrees.some((subtree) => normalizeDn(entry.dn).startsWith(subtree))
      const filter = parseFilter(scopedBinder.scope.filter)
      return (isBelow && oracle.evaluate(filter, entry) === 'T') || isContainer(entry, subtrees)
    },
  },
  {
    name: 'person',
    bind: [adaDn, 'ada-secret'],
    sees: (entry) => {
      const names = entry.attributes.get('member') ?? []
      const isAdas = names.some((dn) => typeof dn === 'string' && normalizeDn(dn) === normalizeDn(adaDn))
      return entry.dn === adaDn || isAdas || isContainer(entry)
    },
  },
  { name: 'anonymous', bind: ['', ''], sees: ({ dn }) => dn === suffix },
]

function hiddenFrom({ sees, attributes }: Asker, entries: readonly Entry[]): Hidden {
  const allowed = attributes?.flatMap((name) => wire.schema.attributeType(name) ?? [])
  const types = wire.schema.definitions().attributeTypes.flatMap((text) => {
    const type = wire.schema.attributeType(/^\( (\S+)/.exec(text)?.[1] ?? '')
    return type ? [type] : []
  })
  const others = allowed ? types.filter((type) => !allowed.some((superior) => isSubtype(type, superior))) : []
  const unseen = sees === 'everything' ? [] : entries.filter((entry) => !sees(entry, entries))
  return {
    attributes: new Set([...secrets, ...others.map(({ name }) => name)]),
    entryUUIDs: new Set(unseen.map(({ entryUUID }) => entryUUID)),
    hidesNames: sees !== 'everything',
  }
}

// The servers

const ldif = [
  `dn: ${suffix}\nobjectClass: top\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: Example`,
  ...[people, `ou=Linux,${people}`, groups].map(
    (dn) => `dn: ${dn}\nobjectClass: organizationalUnit\nou: ${/^ou=([^,]*)/.exec(dn)?.[1]}`,
  ),
  `dn:: ${Buffer.from(`ou=Zürich,${people}`).toString('base64')}\nobjectClass: organizationalUnit\nou:: ${Buffer.from('Zürich').toString('base64')}`,
  `dn: ${adaDn}\nobjectClass: inetOrgPerson\nuid: ada\ncn: Ada Lovelace\nsn: Lovelace\nmail: ada@example.com\nuserPassword: ada-secret`,
].join('\n\n')

let wire: RunningLdapServer
let twin: RunningLdapServer

/** A bound connection; one that a server has closed is made anew for the next search. */
class Conversation implements AsyncDisposable {
  private readonly name: string
  private readonly port: number
  private readonly bind: Asker['bind']
  private client: RawLdapClient | undefined

  constructor(name: string, port: number, bind: Asker['bind']) {
    this.name = name
    this.port = port
    this.bind = bind
  }

  async search({ filter, ...options }: SearchAsked, ...controls: Buffer[]): Promise<ReceivedResult> {
    try {
      const answer = await (await this.connected()).search({ ...options, filter: encodeFilter(filter) }, 2, ...controls)
      for (const { attributes } of answer.entries)
        for (const values of attributes.values()) expect(values.length, this.name).toBe(new Set(values).size)
      return answer
    } catch (cause) {
      await this[Symbol.asyncDispose]()
      throw new Error(`${this.name} gives no answer`, { cause })
    }
  }

  private async connected(): Promise<RawLdapClient> {
    if (this.client) return this.client
    this.client = await RawLdapClient.connect(this.port)
    expect((await this.client.bind(...this.bind)).resultCode).toBe(ResultCode.success)
    return this.client
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client?.[Symbol.asyncDispose]()
    this.client = undefined
  }
}

const conversations = new Map<string, Conversation>()
const talkTo = (server: 'wire' | 'twin', { name }: Asker) => {
  const conversation = conversations.get(`${server} ${name}`)
  if (!conversation) throw new Error(`${name} does not talk to ${server}`)
  return conversation
}
beforeAll(async () => {
  const binders = [{ name: 'svc-reader', password: reader.password }, scopedBinder]
  wire = await startTestLdapServer({ ldif, binders })
  twin = await startTestLdapServer({ ldif, binders, ldap: { front: 'ldapjs' } })
  for (const asker of askers)
    for (const [name, { port }] of Object.entries({ wire, twin }))
      conversations.set(`${name} ${asker.name}`, new Conversation(name, port, asker.bind))
})
afterAll(async () => {
  for (const conversation of conversations.values()) await conversation[Symbol.asyncDispose]()
  await wire.close()
  await twin.close()
})

// Changes

const present = new Map<string, Entry>()

function changesOf({ isGroup, number, entry }: Happening): EntryChange[] {
  const key = `${isGroup} ${number}`
  const before = present.get(key)
  if (entry) present.set(key, entry)
  else present.delete(key)
  return [...(before && before.entryUUID !== entry?.entryUUID ? [remove(before)] : []), ...(entry ? [put(entry)] : [])]
}

/** In commits of several sizes: some are an overlay, some make indexes anew, the largest all of them. */
async function change(count: number, stateSeed: number): Promise<void> {
  const changes = fc.sample(happening, { seed: stateSeed, numRuns: count }).map(changesOf)
  const sizes = count > 2000 ? [count] : [1, 9, 70, 300]
  for (let at = 0, turn = 0; at < changes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1
    const entries = changes.slice(at, at + size).flat()
    for (const { directory } of [wire, twin])
      await directory.commit({ cause: { kind: 'server', id: 'test' }, records: [], entries })
    at += size
  }
}

// Asking

const counts = { oracle: 0, twin: 0, openldap: 0, paged: 0, sorted: 0, matched: 0, withEntries: 0 }

/** Which entries come when there are too many is left to the server. */
function expectSame(who: string, answer: PlainAnswer, whole: PlainAnswer, sizeLimit: number): void {
  if (sizeLimit === 0 || whole.entries.length <= sizeLimit) {
    expect(answer, who).toEqual(whole)
    return
  }
  expect([answer.resultCode, answer.entries.length], who).toEqual([ResultCode.sizeLimitExceeded, sizeLimit])
  expect(whole.entries, who).toEqual(expect.arrayContaining([...answer.entries]))
}

type Item = Exclude<Filter, { type: 'and' | 'or' | 'not' }>

function allItems(filter: Filter): readonly Item[] {
  if ('filters' in filter) return filter.filters.flatMap(allItems)
  return filter.type === 'not' ? allItems(filter.filter) : [filter]
}

const partsOf = (item: Item): readonly Uint8Array[] =>
  item.type === 'substrings' ? [item.initial, ...item.any, item.final].filter((part) => part !== undefined) : []

const isAnyEmpty = (filter: Filter): boolean =>
  filter.type === 'and' || filter.type === 'or'
    ? filter.filters.length === 0 || filter.filters.some(isAnyEmpty)
    : filter.type === 'not' && isAnyEmpty(filter.filter)

/** ldapjs knows no base that is not a DN, no fourth scope, no `(&)`, no options, OIDs and `@class`, does not read every approximate and extensible item, refuses empty assertion values and prints octets outside ASCII its own way; these have tests of their own. */
const isReadByLdapjs = ({ filter, base, scope, attributes }: SearchAsked) =>
  /^[ -~]*$/.test(base) &&
  scope !== 3 &&
  attributes.every((name) => /^([A-Za-z]+|\*|\+|1\.1)$/.test(name)) &&
  !isAnyEmpty(filter) &&
  allItems(filter).every((item) => {
    if (item.type === 'approx' || item.type === 'extensible' || item.type === 'unrecognized') return false
    if (!/^[A-Za-z]+$/.test(item.attribute)) return false
    const parts = 'value' in item ? [item.value] : partsOf(item)
    return parts.every((part) => /^[ -~]+$/.test(Buffer.from(part).toString('latin1')))
  })

async function pages(conversation: Conversation, search: SearchAsked, size: number): Promise<PlainAnswer> {
  const entries: ReceivedEntry[] = []
  for (let cookie: Buffer = Buffer.alloc(0); ; ) {
    const page = await conversation.search(search, control(Oid.pagedResults, true, pagedResultsValue(size, cookie)))
    expect(page.entries.length).toBeLessThanOrEqual(size)
    entries.push(...page.entries)
    const value = new BerReader(page.controls.get(Oid.pagedResults) ?? Buffer.alloc(0)).readConstructed(Tag.sequence)
    value.readInteger()
    cookie = Buffer.from(value.readOctets())
    if (cookie.length === 0) return plainAnswer({ ...page, entries })
  }
}

const sortKeys = ['uidNumber', 'cn', 'sn', 'employeeNumber', 'createTimestamp', 'uid']

async function expectSorted(conversation: Conversation, oracle: AnswerOracle, asking: Asking, whole: PlainAnswer) {
  const key = sortKeys[asking.pick % sortKeys.length] ?? ''
  const isReversed = asking.pick % 2 === 1
  const parts = [textElement(Tag.octetString, key), ...(isReversed ? [element(0x81, Buffer.of(0xff))] : [])]
  const value = element(Tag.sequence, element(Tag.sequence, ...parts))
  const answer = await conversation.search({ ...asking.search, sizeLimit: 0 }, control(Oid.sortRequest, false, value))
  expect(plainAnswer(answer)).toEqual(whole)
  const values = oracle.sortValues(key)
  if (!answer.controls.has(Oid.sortResponse)) return
  const code = new BerReader(answer.controls.get(Oid.sortResponse) ?? Buffer.alloc(0))
    .readConstructed(Tag.sequence)
    .readInteger(Tag.enumerated)
  if (code !== ResultCode.success) return
  const inOrder = answer.entries.map(({ dn }) => values.get(normalizeDn(dn)))
  const type = wire.schema.attributeType(key)
  const compare = (type?.ordering ?? type?.equality)?.comparison.compare
  const expected = inOrder.toSorted((a, b) => {
    // Array.sort puts undefined last by itself.
    return (compare?.(a ?? '', b ?? '') ?? 0) * (isReversed ? -1 : 1)
  })
  const missing = inOrder.filter((value) => value === undefined)
  const there = expected.filter((value) => value !== undefined)
  expect(inOrder).toEqual(isReversed ? [...missing, ...there] : [...there, ...missing])
  counts.sorted += 1
}

// OpenLDAP

const anyItem = (isSo: (item: Item) => boolean) => (search: SearchAsked) => allItems(search.filter).some(isSo)
const typeOf = (description = '') => wire.schema.attributeType(description.split(';')[0] ?? '')
const typeNameOf = (description?: string) => typeOf(description)?.name ?? ''
const computedHere = ['memberOf', 'uniqueMember']

/** What is not asked of OpenLDAP, and why. */
const otherInOpenLdap: readonly (readonly [reason: string, isSo: (search: SearchAsked) => boolean])[] = [
  [
    'memberOf and uniqueMember are computed here, of OpenLDAP they would be stored values',
    ({ attributes, filter }) =>
      attributes.some((name) => computedHere.includes(typeNameOf(name))) ||
      allItems(filter).some((item) => 'attribute' in item && computedHere.includes(typeNameOf(item.attribute))),
  ],
  [
    'who may read everything in OpenLDAP may read passwords',
    anyItem((item) => 'attribute' in item && typeNameOf(item.attribute) === 'userPassword'),
  ],
  [
    'OpenLDAP takes superclasses for structural classes as well',
    anyItem((item) => 'attribute' in item && typeNameOf(item.attribute) === 'structuralObjectClass'),
  ],
  [
    'OpenLDAP knows options of languages alone',
    anyItem((item) => 'attribute' in item && /;(?!lang-)/i.test(item.attribute ?? '')),
  ],
  ['each server has operational attributes of its own', ({ attributes }) => attributes.includes('+')],
  ['bit rules, in-chain and rules for all text are not in OpenLDAP', anyItem(({ type }) => type === 'extensible')],
  ['OpenLDAP takes approximately equal for sounding alike', anyItem(({ type }) => type === 'approx')],
  [
    'spaces at the ends of substrings are those of RFC 4518 §2.6.1 here',
    anyItem((item) => partsOf(item).some((part) => / $|^ | {2}/.test(Buffer.from(part).toString()))),
  ],
  [
    'text has order and substrings here, even where the schema names no rule for them',
    anyItem((item) => {
      const type = 'attribute' in item ? typeOf(item.attribute) : undefined
      if (item.type === 'substrings') return type !== undefined && type.substrings === undefined
      const isOrdering = item.type === 'greaterOrEqual' || item.type === 'lessOrEqual'
      return isOrdering && type !== undefined && type.ordering === undefined
    }),
  ],
]

const dnTypes = new Set(['member', 'manager', 'seeAlso', 'entryDN', 'subschemaSubentry'])

/** OpenLDAP writes DNs its own way. */
const withPlainNames = ({ entries, ...rest }: PlainAnswer): PlainAnswer => ({
  ...rest,
  entries: entries.map(([key, attributes]) => [
    key,
    attributes.map(([name, values]) => [
      name,
      dnTypes.has(name) ? values.map((value) => normalizeDn(value)).toSorted() : values,
    ]),
  ]),
})

const inLdif = (name: string, value: string | Uint8Array) =>
  `${name}:: ${Buffer.from(value as string).toString('base64')}`

async function startedOpenLdap(entries: readonly Entry[]) {
  const records = entries
    .toSorted((a, b) => (normalizeDn(a.dn) < normalizeDn(b.dn) ? -1 : 1))
    .map(({ dn, entryUUID, attributes }) =>
      [
        inLdif('dn', dn),
        ...[...attributes]
          .filter(([name]) => name !== 'memberOf')
          .flatMap(([name, values]) => values.map((value) => inLdif(name, value))),
        inLdif('entryUUID', entryUUID),
        ...['organization', 'organizationalUnit', 'inetOrgPerson', 'groupOfNames']
          .filter((name) => attributes.get('objectClass')?.includes(name))
          .map((name) => inLdif('structuralObjectClass', name)),
      ].join('\n'),
    )
  return await startOpenLdap({ suffix, ldif: records.join('\n\n'), hasCertificate: false })
}

// The test

interface Asking {
  readonly asker: Asker
  readonly search: SearchAsked
  readonly pageSize: number
  readonly pick: number
}
const asking: fc.Arbitrary<Asking> = fc.record({
  asker: fc.constantFrom(askers[0], askers[0], askers[0], ...askers).map((asker) => asker as Asker),
  search,
  pageSize: fc.constantFrom(1, 2, 7, 50, 1000),
  pick: fc.nat(100),
})

async function compareAll(one: Asking, oracle: AnswerOracle, openldap: Conversation | undefined): Promise<void> {
  const { asker, search: wanted, pageSize, pick } = one
  const conversation = talkTo('wire', asker)
  const unlimited = { ...wanted, sizeLimit: 0 }
  const whole = oracle.answer(unlimited)
  const answer = plainAnswer(await conversation.search(wanted))
  expectSame('the server and the oracle', answer, whole, wanted.sizeLimit)
  counts.oracle += 1
  if (whole.entries.length > 0) counts.withEntries += 1
  const isName = whole.resultCode !== ResultCode.invalidDNSyntax
  if (isName && isReadByLdapjs(wanted)) {
    const { matchedDN: _own, ...ofTwin } = plainAnswer(await talkTo('twin', asker).search(wanted))
    expect(answer, 'the server and its twin').toMatchObject(ofTwin)
    counts.twin += 1
  }
  if (openldap && asker.sees === 'everything' && !otherInOpenLdap.some(([, isSo]) => isSo(wanted))) {
    expectSame(
      'OpenLDAP and the oracle',
      withPlainNames(plainAnswer(await openldap.search(wanted))),
      withPlainNames(whole),
      wanted.sizeLimit,
    )
    counts.openldap += 1
  }
  if (whole.resultCode !== ResultCode.success) return
  if (pick % 3 === 0) {
    expect(await pages(conversation, unlimited, pageSize)).toEqual(whole)
    counts.paged += 1
  } else if (pick % 3 === 1) await expectSorted(conversation, oracle, one, whole)
  else {
    const items = allItems(wanted.filter).filter(({ type }) => type !== 'extensible')
    if (items.length === 0) return
    const values = element(Tag.sequence, ...items.map(encodeFilter))
    const matched = await conversation.search(unlimited, control(Oid.matchedValues, true, values))
    expect(plainAnswer(matched)).toEqual(oracle.answer(unlimited, items))
    counts.matched += 1
  }
}

test('every server answers every search alike, whatever has changed before', async () => {
  for (let state = 0; state < states; state += 1) {
    await change(state === 3 ? 2600 : ([120, 5, 600, 1, 300][state % 5] ?? 1), seed + state)
    const entries = [...wire.directory.entries()]
    const oracles = new Map(
      askers.map((one) => [one, new AnswerOracle(wire.schema, entries, hiddenFrom(one, entries))]),
    )
    const openldap: OpenLdap | undefined = hasTool('slapd') ? await startedOpenLdap(entries) : undefined
    const talk =
      openldap &&
      new Conversation('OpenLDAP', Number(new URL(openldap.url).port), [openldap.rootDn, openldap.rootPassword])
    try {
      await fc.assert(
        fc.asyncProperty(asking, async (one) => {
          const oracle = oracles.get(one.asker)
          if (oracle) await compareAll(one, oracle, talk)
        }),
        { numRuns: Math.ceil(runs / states), seed: seed + state },
      )
    } finally {
      await talk?.[Symbol.asyncDispose]()
      await openldap?.[Symbol.asyncDispose]()
    }
  }
  process.stdout.write(`differential test: ${JSON.stringify({ seed, ...counts })}\n`)
  expect(counts.oracle).toBeGreaterThanOrEqual(runs)
  for (const count of [counts.twin, counts.paged, counts.sorted, counts.matched, counts.withEntries])
    expect(count).toBeGreaterThan(runs / 20)
  if (hasTool('slapd')) expect(counts.openldap).toBeGreaterThan(runs / 20)
  expect([...wire.defects, ...twin.defects]).toEqual([])
})
