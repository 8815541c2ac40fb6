import type { AddressInfo, Server as NetServer } from 'node:net'
import { createAccessControl, type UsersMayRead } from '../directory/access-control.ts'
import type { Authenticator } from '../directory/authentication/authenticator.ts'
import type { BinderRegistry } from '../directory/authentication/binder-registry.ts'
import type { DirectoryView } from '../directory/directory-view.ts'
import { smallView } from '../directory/memory/view-writer.ts'
import { rootDse } from '../directory/schema/root-dse.ts'
import type { Schema } from '../directory/schema/schema.ts'
import { subschemaEntry } from '../directory/schema/subschema-entry.ts'
import type { ServedDirectory } from '../directory/served-directory.ts'
import { normalizeDn } from '../protocol/distinguished-name.ts'
import { defaultDecoderLimits } from '../protocol/request-decoder.ts'
import type { Config } from '../runtime/config-schema.ts'
import { networkTest } from '../runtime/networks.ts'
import type { AccessLog } from './access-log.ts'
import { supportedExtensions } from './extended.ts'
import { createLdapjsServer, createRareOperationHost, type LdapjsServer } from './ldapjs-host.ts'
import { mountTwin, refuseWrites } from './ldapjs-routes.ts'
import { readIntoOneBuffer } from './one-read-buffer.ts'
import { createPageCookies } from './page-cookies.ts'
import { supportedControls } from './request-controls.ts'
import type { LdapServices } from './services.ts'
import type { TlsIdentity } from './tls.ts'
import { createTurns } from './turns.ts'
import { createWireFront } from './wire-front.ts'

/** What another configuration makes anew. */
export interface LdapSettings {
  readonly config: Config['ldap']
  readonly authenticator: Authenticator
  readonly usersMayRead?: UsersMayRead
  readonly accessLog: AccessLog
}

export interface LdapServerOptions extends LdapSettings {
  readonly directory: ServedDirectory
  readonly binders: Pick<BinderRegistry, 'rights'>
  readonly clientWatch: LdapServices['clientWatch']
  readonly tls: TlsIdentity
  readonly version: string
  readonly reportDefect: (error: unknown, operation: string) => void
}

export interface LdapServer {
  readonly port: number
  /** Undefined when ldaps:// is switched off. */
  readonly tlsPort: number | undefined
  readonly connections: number
  /** New connections and StartTLS present the new certificate; open connections go on. */
  useTls(identity: TlsIdentity): void
  /** Uses other settings from the next operation on; where it listens stays. */
  configure(settings: LdapSettings): void
  close(): Promise<void>
}

const drainMs = 3000

/** Listens on the configured ports; resolves when LDAP answers on all of them. */
export async function startLdapServer(options: LdapServerOptions): Promise<LdapServer> {
  const { config, directory } = options
  let { tls } = options
  const configured = ({ config: of, authenticator, accessLog, usersMayRead }: LdapSettings) => ({
    authenticator,
    accessLog,
    accessControl: createAccessControl(directory.schema, normalizeDn(directory.suffix), options.binders, usersMayRead),
    rootDse: smallView(directory.schema, [
      rootDse({
        suffix: directory.suffix,
        vendorVersion: options.version,
        supportedControls,
        supportedExtensions: supportedExtensions(of.passwordModify),
        supportedSaslMechanisms: [],
      }),
    ]),
    limits: of.limits,
    decoderLimits: { ...defaultDecoderLimits, depth: of.limits.depth, terms: of.limits.filterTerms },
    passwordModify: of.passwordModify,
    allowCleartextBind: of.allowCleartextBind,
    isProxy: of.proxyProtocol.length === 0 ? () => false : networkTest(of.proxyProtocol),
  })
  const services: LdapServices = {
    ...configured(options),
    directory,
    clientWatch: options.clientWatch,
    subschema: generatedSubschema(directory.schema),
    cookies: createPageCookies(),
    turns: createTurns(),
    secureContext: () => tls.secureContext,
    asksClientCertificate: () => tls.options.ca !== undefined,
    reportDefect: options.reportDefect,
  }
  const rareOperations = createLdapjsServer({})
  refuseWrites(rareOperations)
  const front = createWireFront(services, createRareOperationHost(rareOperations))
  const host = (tlsOptions?: TlsIdentity['options']) => {
    const usesWire = config.front === 'wire'
    const server = createLdapjsServer(
      usesWire ? { router: tlsOptions ? front.acceptTls : front.accept } : tlsOptions ? { tls: tlsOptions } : {},
    )
    if (usesWire) server.server.once('listening', () => readIntoOneBuffer(server.server))
    if (!usesWire) mountTwin(server, services)
    if (!usesWire) refuseWrites(server)
    return server
  }
  const plain = host()
  const secure = config.tls.port === null ? undefined : host(tls.options)
  const port = await listen(plain, config.port, config.host)
  const tlsPort = secure && config.tls.port !== null ? await listen(secure, config.tls.port, config.host) : undefined
  return {
    port,
    tlsPort,
    get connections() {
      return front.connections
    },
    useTls(identity) {
      tls = identity
      const listener = secure?.server
      if (listener && 'setSecureContext' in listener && typeof listener.setSecureContext === 'function')
        listener.setSecureContext(identity.options)
    },
    configure: (settings) => void Object.assign(services, configured(settings)),
    async close() {
      const closed = [plain, secure]
        .filter((server) => server !== undefined)
        .map((server) => stopListening(server.server))
      await front.close(drainMs)
      await Promise.all(closed)
    },
  }
}

/** Made when first asked for, and anew when the schema has learned something. */
function generatedSubschema(schema: Schema): () => DirectoryView {
  let made: { revision: number; view: DirectoryView } | undefined
  return () => {
    if (made?.revision !== schema.revision)
      made = { revision: schema.revision, view: smallView(schema, [subschemaEntry(schema)]) }
    return made.view
  }
}

function listen({ server }: LdapjsServer, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) =>
      reject(new Error(`cannot listen on ${host} port ${port} (${error.message})`, { cause: error }))
    server.once('error', fail)
    server.listen({ port, host, backlog: 1024 }, () => {
      server.removeListener('error', fail)
      resolve((server.address() as AddressInfo).port) // a TCP listener's address is never a path
    })
  })
}

function stopListening(server: NetServer): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()))
}
