import { createServer, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import express from 'express'
import type { Logger } from '../server/runtime/logger.ts'
import type { TlsOptions } from '../server/runtime/tls-files.ts'
import { loadAssets } from './assets.ts'
import { countRequests } from './middleware/count-requests.ts'
import { errors, notFound } from './middleware/errors.ts'
import { securityHeaders } from './middleware/security-headers.ts'
import { type RouteServices, routes } from './routes.ts'
import { loadViews } from './views.ts'

export interface AdminServerOptions extends RouteServices {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** HTTPS with this certificate; undefined: HTTP. */
  readonly tls?: TlsOptions | undefined
  /** Networks of reverse proxies whose X-Forwarded-For and X-Forwarded-Proto are believed. */
  readonly trustProxy?: readonly string[]
  readonly logger: Pick<Logger, 'error'>
  /** Called once an answer is complete; `method` is one of a few names, else `other`. */
  readonly onAnswer?: (method: string, status: number) => void
}

export interface AdminServer {
  readonly port: number
  /** Another certificate, for connections that begin from now on. */
  useTls(tls: TlsOptions): void
  /** Stops listening; requests under way get two seconds. */
  close(): Promise<void>
}

const closeGraceMs = 2000

/** Serves the admin page. Resolves when it listens; rejects with one sentence when it cannot. */
export async function startAdminServer(options: AdminServerOptions): Promise<AdminServer> {
  const { host, port, tls, trustProxy = [], logger, onAnswer } = options
  const assets = await loadAssets()
  const views = await loadViews(undefined, { assets: assets.addresses })
  const closing = new AbortController()
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.set('query parser', 'simple')
  app.set('trust proxy', trustProxy.length === 0 ? false : [...trustProxy])
  if (onAnswer) app.use(countRequests(onAnswer))
  app.use(securityHeaders)
  app.use(routes(options, views, assets, closing.signal))
  app.use(notFound)
  app.use(errors(logger, views))

  const secure = tls && createTlsServer({ ...tls }, app)
  const server = secure ?? createServer(app)
  await listen(server, host, port)
  // A server that listens on a port has an AddressInfo.
  const address = server.address() as AddressInfo
  return {
    port: address.port,
    useTls: (renewed) => secure?.setSecureContext({ ...renewed }),
    close: () => {
      closing.abort()
      return close(server)
    },
  }
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, host, port)))
    server.listen({ host, port }, resolve)
  })
}

function listenError(error: Error, host: string, port: number): Error {
  const code = 'code' in error ? error.code : undefined
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: 'the port is in use; stop what uses it or set admin.port',
    EACCES: 'the port is reserved for root; set admin.port to 1024 or above',
    EADDRNOTAVAIL: 'this machine has no such address; correct admin.host',
  }
  const reason = (typeof code === 'string' ? reasons[code] : undefined) ?? error.message
  return new Error(`The admin page cannot listen on ${host} port ${port}: ${reason}.`, { cause: error })
}

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  await Promise.race([closed, delay(closeGraceMs, undefined, { ref: false })])
  server.closeAllConnections()
  await closed
}
