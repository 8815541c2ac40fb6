import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { gzipSync } from 'node:zlib'
import { privateCertificate } from '../../server/ldap/certificate-authority.ts'
import type { Whims } from './whims.ts'

export interface Ask {
  readonly method: string
  readonly url: URL
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export interface Reply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  /** Text is sent as it is, anything else as JSON. */
  readonly body?: unknown
}

/** How answers travel. */
export interface TransportFreedoms {
  readonly gzip: boolean
  readonly chunked: boolean
  /** Connections end after an answer now and then. */
  readonly closes: boolean
  readonly headerCase: 'lower' | 'upper' | 'as-is'
  /** Form of the Date header: RFC 9110 has three, and one of them names no zone. */
  readonly date: 'imf' | 'rfc850' | 'asctime'
}

/**
 * `cut`: the connection ends in the middle of the body. The others are the vendor's to word. `expiredToken` spares a token
 * that has just been given, `unauthorized` does not.
 */
export type Misfortune =
  | 'cut'
  | 'unavailable'
  | 'throttled'
  | 'expiredToken'
  | 'unauthorized'
  | 'forbidden'
  | 'expiredCursor'

export interface Service {
  /** `https://localhost:PORT` */
  readonly origin: string
  /** Calls since this was last set to 0. */
  calls: number
  /** What becomes of the call of that number (from 1) and those after it, `times` in all. */
  misfortune: { readonly kind: Misfortune; readonly at: number; readonly times: number } | undefined
  /** Hears of every call before it is answered. */
  onCall: ((number: number) => void) | undefined
  close(): Promise<void>
}

export interface ServiceParts {
  readonly whims: Whims
  readonly transport: TransportFreedoms
  /** The service's own clock. */
  readonly now: () => Date
  readonly answer: (ask: Ask) => Reply
  /** The vendor's words for a misfortune that is not of the connection; undefined where it has none for this call. */
  readonly word: (kind: Exclude<Misfortune, 'cut'>, ask: Ask) => Reply | undefined
}

/** An HTTPS server on loopback whose certificate this process trusts from then on. */
export async function startService(open: (origin: string) => ServiceParts): Promise<Service> {
  const folder = await mkdtemp(join(tmpdir(), 'rosterd-contract-'))
  const { certificatePem, keyPem, caPem } = await privateCertificate(folder, ['localhost'], new Date())
  await rm(folder, { recursive: true })
  setDefaultCACertificates([...getCACertificates('default'), caPem])
  const server = createServer({ cert: certificatePem, key: keyPem, keepAlive: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const origin = `https://localhost:${(server.address() as AddressInfo).port}`
  const parts = open(origin)
  const service: Service = {
    origin,
    calls: 0,
    misfortune: undefined,
    onCall: undefined,
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    void serve(request, response)
  })
  return service

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const received: Buffer[] = []
    for await (const part of request) received.push(part as Buffer)
    const ask: Ask = {
      method: request.method ?? 'GET',
      url: new URL(request.url ?? '/', origin),
      headers: request.headers,
      body: Buffer.concat(received).toString(),
    }
    service.calls += 1
    const number = service.calls
    service.onCall?.(number)
    const { misfortune } = service
    const isHit = misfortune !== undefined && number >= misfortune.at && number < misfortune.at + misfortune.times
    if (isHit && misfortune.kind !== 'cut') {
      const worded = parts.word(misfortune.kind, ask)
      if (worded !== undefined) return await send(response, ask, worded, parts)
    }
    let reply: Reply
    try {
      reply = parts.answer(ask)
    } catch (error) {
      reply = { status: 500, body: { error: String(error) } }
    }
    await send(response, ask, reply, parts, isHit && misfortune.kind === 'cut')
  }
}

async function send(
  response: ServerResponse,
  ask: Ask,
  { status, headers = {}, body = '' }: Reply,
  { whims, transport, now }: ServiceParts,
  isCut = false,
): Promise<void> {
  const isText = typeof body === 'string'
  const plain = Buffer.from(isText ? body : JSON.stringify(body, null, whims.chance(0.2) ? 2 : 0))
  const isZipped = transport.gzip && /\bgzip\b/.test(String(ask.headers['accept-encoding'])) && whims.chance(0.7)
  const bytes = isZipped ? gzipSync(plain) : plain
  const all: Record<string, string | readonly string[]> = {
    date: httpDate(now(), transport.date),
    'content-type': isText ? 'text/html' : 'application/json; charset=utf-8',
    ...(isZipped ? { 'content-encoding': 'gzip' } : {}),
    ...(transport.chunked ? {} : { 'content-length': String(bytes.length) }),
    ...(transport.closes && whims.chance(0.3) ? { connection: 'close' } : {}),
    ...headers,
  }
  response.sendDate = false
  response.statusCode = status
  for (const [name, value] of Object.entries(all)) response.setHeader(cased(name, transport.headerCase), value)
  if (isCut) {
    response.write(bytes.subarray(0, Math.max(1, bytes.length >> 1)))
    await new Promise((resolve) => setImmediate(resolve))
    response.destroy()
    return
  }
  // Parts end anywhere, also within a character.
  if (transport.chunked)
    for (let at = 0; at < bytes.length; ) {
      const size = whims.chance(0.3) ? whims.between(1, 7) : whims.between(200, 4000)
      response.write(bytes.subarray(at, at + size))
      await new Promise((resolve) => setImmediate(resolve))
      at += size
    }
  else response.write(bytes)
  response.end()
}

function cased(name: string, how: TransportFreedoms['headerCase']): string {
  if (how === 'as-is') return name.replaceAll(/\b[a-z]/g, (letter) => letter.toUpperCase())
  return how === 'upper' ? name.toUpperCase() : name
}

/** The three forms of RFC 9110 §5.6.7. */
export function httpDate(time: Date, form: TransportFreedoms['date']): string {
  const [day = '', date = '', month = '', year = '', clock = ''] = time.toUTCString().replace(',', '').split(' ')
  const longDays = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
  switch (form) {
    case 'imf':
      return time.toUTCString()
    case 'rfc850':
      return `${longDays[time.getUTCDay()]}, ${date}-${month}-${year.slice(2)} ${clock} GMT`
    case 'asctime':
      return `${day} ${month} ${date.replace(/^0/, ' ')} ${clock} ${year}`
    default:
      return form satisfies never
  }
}
