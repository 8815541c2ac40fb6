import { randomUUID } from 'node:crypto'
import { writeSearchEntry } from '../directory/search-entry.ts'
import { BerReader, Tag } from '../protocol/ber-reader.ts'
import { BerWriter } from '../protocol/ber-writer.ts'
import { parseFilter } from '../protocol/filter-string.ts'
import type { LdapResult } from '../protocol/ldap-error.ts'
import { Operation } from '../protocol/operation.ts'
import type { Scope } from '../protocol/request-decoder.ts'
import { ResultCode } from '../protocol/result-code.ts'
import { isLoopbackAddress } from '../runtime/loopback.ts'
import { bind } from './bind.ts'
import { compare } from './compare.ts'
import type { LdapjsServer } from './ldapjs-host.ts'
import { toResult } from './results.ts'
import { beginSearch } from './search.ts'
import type { LdapServices } from './services.ts'
import { newSession, type Session } from './session.ts'

/** What the routes use of ldapjs's requests and responses; @types/ldapjs describes version 2. */
interface LdapjsRequest {
  readonly connection: object & { readonly remoteAddress?: string; readonly encrypted?: boolean }
  readonly dn: { toString(): string }
  readonly credentials: string
  readonly scope: number
  readonly filter: { toString(): string }
  readonly attributes: readonly string[]
  readonly sizeLimit: number
  readonly timeLimit: number
  readonly typesOnly: boolean
  readonly attribute: string
  readonly value: string
}
interface LdapjsResponse {
  status: number
  matchedDN: string
  diagnosticMessage: string
  createSearchEntry(entry: { objectName: string; attributes: { type: string; values: Buffer[] }[] }): unknown
  send(entry: unknown): void
  end(status?: number): void
}
type Handler = (request: LdapjsRequest, response: LdapjsResponse, next: (error?: Error) => void) => void

/** Refuses writes: the directory is filled by syncs alone. */
export function refuseWrites(server: LdapjsServer): void {
  const refuse: Handler = (_request, response) => {
    response.diagnosticMessage = 'this directory is read-only: change people and groups where they come from'
    response.end(ResultCode.unwillingToPerform)
  }
  for (const operation of ['add', 'del', 'modify', 'modifyDN'] as const) mount(server, operation, refuse)
}

/** The same bind, search and compare as the wire front's, behind ldapjs's own parser: the twin that tests compare with. */
export function mountTwin(server: LdapjsServer, services: LdapServices): void {
  const sessions = new WeakMap<object, Session>()
  const sessionOf = ({ connection }: LdapjsRequest): Session => {
    let session = sessions.get(connection)
    if (!session) {
      session = newSession({
        id: 0,
        remoteAddress: connection.remoteAddress ?? '',
        isLoopback: isLoopbackAddress(connection.remoteAddress),
        isSecure: connection.encrypted === true,
      })
      sessions.set(connection, session)
    }
    return session
  }
  const answer = (response: LdapjsResponse, result: LdapResult) => {
    response.matchedDN = result.matchedDN
    response.diagnosticMessage = result.diagnosticMessage
    response.end(result.resultCode)
  }
  const resultOf = (error: unknown) => toResult(error, (defect) => services.reportDefect(defect, 'ldapjs route'))

  mount(server, 'bind', (request, response) => {
    const authentication = { type: 'simple', password: Buffer.from(request.credentials) } as const
    const client = {
      knowsPasswordPolicy: false,
      isGone: () => false,
      requestId: randomUUID(),
      refused: () => undefined,
    }
    const plain = { type: 'bind', version: 3, name: request.dn.toString(), authentication } as const
    Promise.resolve()
      .then(() => bind(services, sessionOf(request), plain, client))
      .catch(resultOf)
      .then((result) => answer(response, result))
      .catch(() => undefined)
  })
  mount(server, 'compare', (request, response) => {
    try {
      answer(
        response,
        compare(services, sessionOf(request), {
          type: 'compare',
          entry: request.dn.toString(),
          attribute: request.attribute,
          value: Buffer.from(request.value),
        }),
      )
    } catch (error) {
      answer(response, resultOf(error))
    }
  })
  mount(server, 'search', (request, response) => {
    try {
      answer(response, search(services, sessionOf(request), request, response))
    } catch (error) {
      answer(response, resultOf(error))
    }
  })
}

const scopes: readonly Scope[] = ['baseObject', 'singleLevel', 'wholeSubtree']

function search(
  services: LdapServices,
  session: Session,
  request: LdapjsRequest,
  response: LdapjsResponse,
): LdapResult {
  const plain = {
    type: 'search',
    baseObject: request.dn.toString(),
    scope: scopes[request.scope] ?? 'baseObject',
    sizeLimit: request.sizeLimit,
    timeLimitSeconds: request.timeLimit,
    typesOnly: request.typesOnly,
    filter: parseFilter(request.filter.toString()),
    attributes: request.attributes,
  } as const
  const task = beginSearch(services, session, plain, [], Buffer.alloc(0))
  const emit = (slot: number) => {
    const writer = new BerWriter()
    writeSearchEntry(writer, 1, task.answer, slot)
    response.send(response.createSearchEntry(readSearchEntry(writer.take())))
    return true
  }
  for (;;) {
    const outcome = task.step(emit)
    if (outcome) return outcome.result
  }
}

function readSearchEntry(message: Buffer): { objectName: string; attributes: { type: string; values: Buffer[] }[] } {
  const envelope = new BerReader(message).readConstructed(Tag.sequence)
  envelope.readInteger()
  const entry = envelope.readConstructed(Operation.searchResultEntry)
  const objectName = entry.readText()
  const list = entry.readConstructed(Tag.sequence)
  const attributes: { type: string; values: Buffer[] }[] = []
  while (!list.isAtEnd) {
    const attribute = list.readConstructed(Tag.sequence)
    const type = attribute.readText()
    const set = attribute.readConstructed(Tag.set)
    const values: Buffer[] = []
    while (!set.isAtEnd) values.push(set.readOctets())
    attributes.push({ type, values })
  }
  return { objectName, attributes }
}

function mount(
  server: LdapjsServer,
  operation: 'add' | 'del' | 'modify' | 'modifyDN' | 'bind' | 'compare' | 'search',
  handler: Handler,
): void {
  // @types/ldapjs types handlers for version 2's request objects.
  const route = server[operation].bind(server) as (name: string, handler: Handler) => void
  route('', handler)
}
