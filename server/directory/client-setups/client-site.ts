import { binderDn } from '../authentication/binder-registry.ts'
import { portableDn } from './portable-names.ts'

/** What a client has to know. Everything here can stand in a file of settings as it is, but for backslashes of DNs. */
export interface ClientSite {
  /** At least one, all of one kind, in the order in which they are tried. */
  readonly servers: readonly ServerAddress[]
  /** ldaps://; otherwise ldap:// and StartTLS. */
  readonly isLdaps: boolean
  readonly baseDn: string
  readonly bindDn: string
  /** Where the client has the certificate authority that it trusts. */
  readonly caFile: string
  /** Whose members may sign in; undefined: everybody. */
  readonly group: SiteGroup | undefined
  /** The binder reads NT hashes. */
  readonly readsNtHash: boolean
}

export interface ServerAddress {
  /** As `ldaps://ldap.example.com:6360`. */
  readonly url: string
  readonly host: string
  readonly port: number
}

export interface SiteGroup {
  /** As people know it: any text. */
  readonly name: string
  readonly dn: string
}

/** Stands where the binder's secret belongs. */
export const passwordPlace = 'BINDER_PASSWORD'

/** Where the CA of this server is put on a client. */
const ownCaFile = '/etc/ssl/rosterd-ca.pem'
/** Debian's. For a certificate that some public CA issued. */
const systemCaFile = '/etc/ssl/certs/ca-certificates.crt'

export function clientSite(parts: {
  readonly servers: readonly ServerAddress[]
  readonly suffix: string
  readonly binder: { readonly name: string; readonly grants: readonly string[] }
  readonly group: SiteGroup | undefined
  readonly hasOwnCa: boolean
}): ClientSite {
  const { servers, suffix, binder, group, hasOwnCa } = parts
  return {
    servers,
    isLdaps: servers[0]?.url.startsWith('ldaps:') ?? false,
    baseDn: portableDn(suffix),
    bindDn: portableDn(binderDn(binder.name, suffix)),
    caFile: hasOwnCa ? ownCaFile : systemCaFile,
    group: group && { name: group.name, dn: portableDn(group.dn) },
    readsNtHash: binder.grants.includes('ntHash'),
  }
}

/** An address of `ldap.publicUrls`; undefined for one that settings of clients cannot hold. */
export function serverAddress(text: string): ServerAddress | undefined {
  const url = URL.parse(text)
  if (url === null || !/^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])$/i.test(url.hostname)) return undefined
  if (url.protocol !== 'ldap:' && url.protocol !== 'ldaps:') return undefined
  const isLdaps = url.protocol === 'ldaps:'
  const port = url.port === '' ? (isLdaps ? 636 : 389) : Number(url.port)
  return { url: `${url.protocol}//${url.host}`, host: url.hostname.replaceAll(/[[\]]/g, ''), port }
}

/** Those that clients are given unless somebody chooses: all with TLS from the first octet on, else all. */
export function preferredServers(addresses: readonly ServerAddress[]): readonly ServerAddress[] {
  const ldaps = addresses.filter(({ url }) => url.startsWith('ldaps:'))
  return ldaps.length > 0 ? ldaps : addresses
}
