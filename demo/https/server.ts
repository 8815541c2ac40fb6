import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { ServerCertificate } from './certificate.ts'
import { type ServiceAnswer, type ServiceRequest, toServiceRequest } from './exchange.ts'
import type { Fault } from './faults.ts'
import type { Call, SimulatedService } from './service.ts'

const maxBodyBytes = 1 << 20

export interface RunningServer<Service> {
  /** `https://localhost:PORT` */
  readonly origin: string
  readonly service: Service
  /** Cuts every connection, also those a fault left open. */
  close(): Promise<void>
}

/** Serves one tenant on 127.0.0.1. The service is made when the port is known; port 0 lets the system choose. */
export async function startServer<Service extends SimulatedService>(
  certificate: ServerCertificate,
  port: number,
  makeService: (origin: string) => Promise<Service>,
): Promise<RunningServer<Service>> {
  const server = createServer({ key: certificate.keyPem, cert: certificate.certificatePem })
  const origin = `https://localhost:${await listen(server, port)}`
  const service = await makeService(origin)
  server.on('request', (incoming, response) => {
    serve(service, incoming, response).catch(() => incoming.destroy())
  })
  return { origin, service, close: () => close(server) }
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      resolve((server.address() as AddressInfo).port)
    })
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

async function serve(service: SimulatedService, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const request = await readRequest(incoming)
  const fault = service.faults.take(request)
  const log = (status: number) =>
    service.calls.push({
      method: request.method,
      path: request.target,
      status,
      ...requestIdOf(request),
      ...(fault === undefined ? {} : { fault: fault.kind }),
    })
  if (fault?.kind === 'reset' || fault?.kind === 'silence') {
    log(0)
    if (fault.kind === 'reset') incoming.socket.destroy()
    return
  }
  const answer = await answerRequest(service, request, fault)
  log(answer.status)
  await send(response, answer, fault)
}

/** Callers name their calls in a header, or as a parameter at the token endpoint. */
function requestIdOf({ headers, body }: ServiceRequest): Pick<Call, 'requestId'> {
  const inHeader = headers['client-request-id'] ?? headers['x-request-id']
  const requestId = inHeader ?? /(?:^|&)client-request-id=([^&]+)/.exec(body)?.[1]
  return requestId === undefined ? {} : { requestId }
}

async function readRequest(incoming: IncomingMessage): Promise<ServiceRequest> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of incoming) {
    size += (chunk as Buffer).length
    if (size > maxBodyBytes) throw new Error('request body too large')
    chunks.push(chunk as Buffer)
  }
  const headers: Record<string, string | undefined> = {}
  for (const [name, value] of Object.entries(incoming.headers)) {
    headers[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return toServiceRequest(incoming.method ?? 'GET', incoming.url ?? '/', headers, Buffer.concat(chunks).toString())
}

async function answerRequest(
  service: SimulatedService,
  request: ServiceRequest,
  fault: Fault | undefined,
): Promise<ServiceAnswer> {
  const vendorAnswer = fault === undefined ? undefined : service.faultAnswer(fault, request)
  return vendorAnswer ?? service.answer({ ...request, emptyPage: fault?.kind === 'empty-page' })
}

async function send(response: ServerResponse, answer: ServiceAnswer, fault: Fault | undefined): Promise<void> {
  const complete = encodeBody(answer.body)
  const cut = Math.floor(complete.length / 2)
  const body = fault?.kind === 'truncated-json' ? complete.subarray(0, cut) : complete
  for (const [name, value] of Object.entries(answer.headers)) {
    response.setHeader(name, typeof value === 'string' ? value : [...value])
  }
  response.setHeader('content-length', body.length)
  response.writeHead(answer.status)
  switch (fault?.kind) {
    case 'reset-in-body':
      await write(response, body.subarray(0, cut))
      response.socket?.destroy()
      return
    case 'stall':
      await write(response, body.subarray(0, cut))
      return
    case 'slow-body':
      await write(response, body.subarray(0, cut))
      await new Promise((resolve) => setTimeout(resolve, fault.delayMs ?? 1000).unref())
      response.end(body.subarray(cut))
      return
    default:
      response.end(body)
  }
}

function write(response: ServerResponse, part: Buffer): Promise<void> {
  return new Promise((resolve) => response.write(part, () => resolve()))
}

function encodeBody(body: unknown): Buffer {
  if (body === undefined) return Buffer.alloc(0)
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
}
