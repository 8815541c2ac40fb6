import { isIP } from 'node:net'
import { Client, ResultCodeError, type Entry } from 'ldapts'
import { normalizeDn } from '../protocol/distinguished-name.ts'
import { Oid } from '../protocol/oids.ts'
import { ResultCode } from '../protocol/result-code.ts'
import { isLoopbackHost } from '../runtime/loopback.ts'
import { comparedClasses } from './people-and-groups.ts'
import { type PlainEntry, plainEntry, readAttributes } from './plain-entry.ts'

export interface LdapSource {
  /** `ldap://` or `ldaps://`, host, port, and the base as its path. */
  readonly url: string
  /** Anonymous without. */
  readonly bind: { readonly dn: string; readonly password: string } | undefined
  /** Base of the search; undefined for that of the URL, else the only naming context of the server. */
  readonly base: string | undefined
  /** PEM of the authorities that are trusted in place of the system's. */
  readonly caPem: string | undefined
  /** Whether `ldap://` may go without StartTLS to another machine. */
  readonly insecureCleartext: boolean
}

export interface LdapReading {
  readonly entries: readonly PlainEntry[]
  readonly notes: readonly string[]
}

const connectTimeoutMs = 15_000
/** For one page, or for everything where the server has no pages. */
const answerTimeoutMs = 300_000
const pageSize = 500

const filter = `(|${comparedClasses.map((name) => `(objectClass=${name})`).join('')})`

/**
 * Everybody and every group below the base, all of it or an Error in one sentence: a listing that the server cuts off is no listing. Without
 * `ldaps://` the connection is protected by StartTLS, except to this machine when no authority is named.
 */
export async function readLdapServer(source: LdapSource): Promise<LdapReading> {
  const target = parseTarget(source.url)
  const tls = source.caPem === undefined ? {} : { ca: [source.caPem] }
  const client = new Client({
    url: target.origin,
    connectTimeout: connectTimeoutMs,
    timeout: answerTimeoutMs,
    ...(target.isSecure ? { tlsOptions: { rejectUnauthorized: true, ...tls } } : {}),
  })
  const explained = async <T>(doing: Promise<T>, explain: (error: ResultCodeError) => string): Promise<T> => {
    try {
      return await doing
    } catch (error) {
      const text = error instanceof ResultCodeError ? explain(error) : networkProblem(error, target)
      throw new Error(`${target.origin}: ${text}`, { cause: error })
    }
  }
  try {
    if (!target.isSecure && needsStartTls(target, source)) {
      const name = isIP(target.host) === 0 ? { servername: target.host } : {}
      await explained(
        client.startTLS({ host: target.host, ...name, ...tls }),
        () => `the server refuses StartTLS; use ldaps://, or --insecure-cleartext if the network may read everything`,
      )
    }
    const { bind } = source
    if (bind !== undefined)
      await explained(client.bind(bind.dn, bind.password), (error) =>
        error.code === ResultCode.invalidCredentials
          ? `"${bind.dn}" and its password are not accepted; check --bind-dn and the password`
          : `the bind as "${bind.dn}" is refused`,
      )
    const asWhom = bind === undefined ? 'anonymously' : `as "${bind.dn}"`
    const rootDse = await explained(readRootDse(client), () => `its root DSE cannot be read ${asWhom}`)
    const base = source.base ?? target.base ?? onlyNamingContext(rootDse, target)
    const isPaged = rootDse.supportedControls.has(Oid.pagedResults)
    const { found, referrals } = await explained(readAll(client, base, isPaged), (error) =>
      searchProblem(error, base, asWhom),
    )
    return {
      entries: found.map((entry) => toPlainEntry(entry, target)),
      notes: Array.from(
        referrals,
        (uri) => `The server refers to ${uri} for part of the tree; that part is not compared.`,
      ),
    }
  } finally {
    await client.unbind().catch(() => undefined)
  }
}

interface Target {
  /** As errors name it: without what may be secret. */
  readonly origin: string
  readonly isSecure: boolean
  readonly host: string
  readonly base: string | undefined
}

function parseTarget(text: string): Target {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !['ldap:', 'ldaps:'].includes(url.protocol) || url.hostname === '')
    throw new Error(
      `"${text}" is not an address of a server; write it as ldaps://HOST, ldap://HOST:PORT or ldaps://HOST/BASE`,
    )
  if (url.username !== '' || url.password !== '')
    throw new Error('the address of the server holds a user or password; use --bind-dn and --password-file')
  if (url.search !== '')
    throw new Error(`"${text}": only host, port and base of an address are read; leave out the part from "?"`)
  const base = decodeURIComponent(url.pathname.slice(1))
  if (base !== '') normalizeDn(base)
  return {
    origin: `${url.protocol}//${url.host}`,
    isSecure: url.protocol === 'ldaps:',
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    base: base === '' ? undefined : base,
  }
}

function needsStartTls({ host }: Target, { caPem, insecureCleartext }: LdapSource): boolean {
  if (insecureCleartext) return false
  return !isLoopbackHost(host) || caPem !== undefined
}

interface RootDse {
  readonly namingContexts: readonly string[]
  readonly defaultNamingContext: string | undefined
  readonly supportedControls: ReadonlySet<string>
}

async function readRootDse(client: Client): Promise<RootDse> {
  const { searchEntries } = await client.search('', {
    scope: 'base',
    filter: '(objectClass=*)',
    attributes: ['namingContexts', 'defaultNamingContext', 'supportedControl'],
  })
  const entry = new Map(
    Object.entries(searchEntries[0] ?? {}).map(([name, value]) => [name.toLowerCase(), texts(value)]),
  )
  return {
    namingContexts: (entry.get('namingcontexts') ?? []).filter((dn) => dn !== ''),
    defaultNamingContext: entry.get('defaultnamingcontext')?.[0],
    supportedControls: new Set(entry.get('supportedcontrol')),
  }
}

function onlyNamingContext({ namingContexts, defaultNamingContext }: RootDse, { origin }: Target): string {
  if (defaultNamingContext !== undefined) return defaultNamingContext
  const [only, another] = namingContexts
  if (only !== undefined && another === undefined) return only
  const found =
    only === undefined ? 'tells no naming context' : `has several naming contexts (${namingContexts.join('; ')})`
  throw new Error(`${origin}: the server ${found}; name the one to compare with --base`)
}

async function readAll(client: Client, base: string, isPaged: boolean) {
  const options = { filter, attributes: [...readAttributes] }
  let found: Entry[] = []
  const referrals = new Set<string>()
  let lastPage = 0
  if (isPaged) {
    // A connection that was lost would be made anew by the client, without StartTLS and bind.
    if (!client.isConnected) throw new Error('Connection closed')
    for await (const page of client.searchPaginated(base, { ...options, paged: { pageSize } })) {
      for (const entry of page.searchEntries) found.push(entry)
      for (const uri of page.searchReferences) referrals.add(uri)
      lastPage = page.searchEntries.length + page.searchReferences.length
    }
  }
  // The client takes an empty page for the last one, and for some servers it is not (RFC 2696 §3).
  if (!isPaged || lastPage === 0) {
    if (!client.isConnected) throw new Error('Connection closed')
    const { searchEntries, searchReferences } = await client.search(base, options)
    found = searchEntries
    for (const uri of searchReferences) referrals.add(uri)
  }
  return { found, referrals }
}

function toPlainEntry({ dn, ...attributes }: Entry, { origin }: Target): PlainEntry {
  for (const description of Object.keys(attributes))
    if (/;range=\d+-\d/i.test(description))
      throw new Error(`${origin}: the server gives ${description} of ${dn} in parts; compare an LDIF export`)
  return plainEntry(
    dn,
    Object.entries(attributes).map(([name, value]) => [name, [value].flat()]),
  )
}

function texts(value: Entry[string]): string[] {
  return [value].flat().map(String)
}

function searchProblem(error: ResultCodeError, base: string, asWhom: string): string {
  switch (error.code) {
    case ResultCode.sizeLimitExceeded:
    case ResultCode.adminLimitExceeded:
    case ResultCode.timeLimitExceeded:
      return `the server does not list everything below "${base}" ${asWhom}; raise its limit for this account, or compare an LDIF export`
    case ResultCode.noSuchObject:
      return `there is no "${base}", or it cannot be read ${asWhom}; check --base and the rights of the account`
    default:
      return `the search below "${base}" ${asWhom} failed`
  }
}

function networkProblem(error: unknown, { host, isSecure }: Target): string {
  const { code } = error as { code?: unknown } // of any kind: the client passes on what sockets and TLS throw
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `no such host "${host}"; check the name`
    case 'ECONNREFUSED':
      return 'nothing answers on that port; check host and port'
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `its certificate is for another name than "${host}"; use the name that the certificate has`
    case 'CERT_HAS_EXPIRED':
      return 'its certificate has expired'
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return `its certificate is not trusted; name the file of its authority with --ca`
    case 'EPROTO':
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
      return isSecure
        ? 'what answers on that port does not speak TLS; use ldap://, or the port of ldaps://'
        : 'TLS cannot be agreed on'
    default:
      return 'the connection failed'
  }
}
