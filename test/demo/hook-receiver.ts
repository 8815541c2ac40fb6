import tls from 'node:tls'
import { makeServerCertificate } from '../../demo/https/certificate.ts'
import type { ServiceAnswer, ServiceRequest } from '../../demo/https/exchange.ts'
import { Faults } from '../../demo/https/faults.ts'
import { startServer } from '../../demo/https/server.ts'

export interface HookReceiver extends AsyncDisposable {
  /** `https://localhost:PORT` */
  readonly origin: string
  /** Every call, oldest first. */
  readonly received: ServiceRequest[]
}

/** An HTTPS address that a simulated tenant can call; this process trusts its authority. */
export async function startHookReceiver(
  answer: (request: ServiceRequest) => ServiceAnswer | Promise<ServiceAnswer>,
): Promise<HookReceiver> {
  const certificate = await makeServerCertificate()
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), certificate.caPem])
  const received: ServiceRequest[] = []
  const server = await startServer(certificate, 0, async () => ({
    faults: new Faults(),
    calls: [],
    faultAnswer: () => undefined,
    async answer(request) {
      received.push(request)
      return await answer(request)
    },
  }))
  return { origin: server.origin, received, [Symbol.asyncDispose]: () => server.close() }
}
