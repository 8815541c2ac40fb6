import { adminProviders } from './config-admin-checks.ts'
import { mailChecks } from './config-mail-checks.ts'
import { secretsOf } from './config-paths.ts'
import type { Problem } from './config-problems.ts'
import type { Config } from './config-schema.ts'
import { isLoopbackHost } from './loopback.ts'
import { networkProblem } from './networks.ts'

/** Finds what the schema cannot see: settings that do not go together. */
export type ConfigCheck = (config: Config) => readonly Problem[]

/** The checks that need nothing but the configuration itself. */
export const configChecks: readonly ConfigCheck[] = [
  duplicateNames,
  idRanges,
  publicUrls,
  certificatePairs,
  clientCertificates,
  proxies,
  trustedProxies,
  adminExposure,
  adminAddress,
  adminProviders,
  literalSecrets,
  oktaCredentials,
  ...mailChecks,
  delegatedOnce,
  notificationAddress,
  peopleSignIn,
]

function duplicateNames(config: Config): Problem[] {
  return [
    ...duplicates(config.providers.map(({ id }) => id)).map(({ index, first, name }) => ({
      path: `providers[${index}].id`,
      value: JSON.stringify(name),
      message: `is the id of providers[${first}] too; give each provider its own`,
    })),
    ...duplicates(config.binders.map(({ name }) => name)).map(({ index, first, name }) => ({
      path: `binders[${index}].name`,
      value: JSON.stringify(name),
      message: `is the name of binders[${first}] too (case does not count); give each binder its own`,
    })),
  ]
}

function duplicates(names: readonly string[]): { index: number; first: number; name: string }[] {
  const folded = names.map((name) => name.toLowerCase())
  return names.flatMap((name, index) => {
    const first = folded.indexOf(name.toLowerCase())
    return first < index ? [{ index, first, name }] : []
  })
}

function idRanges({ posix }: Config): Problem[] {
  return (['idRange', 'acceptRange'] as const).flatMap((name) => {
    const [low, high] = posix[name]
    const message = `ends before it begins; write it as [${high}, ${low}]`
    return low <= high ? [] : [{ path: `posix.${name}`, value: `[${low}, ${high}]`, message }]
  })
}

function proxies({ ldap }: Config): Problem[] {
  const networks = ldap.proxyProtocol.flatMap((text, index): Problem[] => {
    const problem = networkProblem(text)
    return problem === undefined
      ? []
      : [{ path: `ldap.proxyProtocol[${index}]`, value: JSON.stringify(text), message: problem }]
  })
  if (ldap.proxyProtocol.length === 0 || ldap.front === 'wire') return networks
  const message = 'does not read PROXY protocol headers; use "wire", or remove ldap.proxyProtocol'
  return [...networks, { path: 'ldap.front', value: JSON.stringify(ldap.front), message }]
}

function publicUrls({ ldap }: Config): Problem[] {
  return ldap.publicUrls.flatMap((text, index) => {
    const url = URL.parse(text)
    const isLdap = url !== null && (url.protocol === 'ldap:' || url.protocol === 'ldaps:') && url.hostname !== ''
    const isPlain = isLdap && (url.pathname === '' || url.pathname === '/') && url.search === '' && url.username === ''
    const message = 'is not an LDAP address such as "ldaps://ldap.example.com:636"'
    return isPlain ? [] : [{ path: `ldap.publicUrls[${index}]`, value: JSON.stringify(text), message }]
  })
}

function certificatePairs({ ldap: { tls } }: Config): Problem[] {
  if ((tls.certFile === null) === (tls.keyFile === null)) return []
  const [missing, present] = tls.certFile === null ? ['certFile', 'keyFile'] : ['keyFile', 'certFile']
  const message = `is missing beside ldap.tls.${present}; set both, or neither for a certificate made in dataDir`
  return [{ path: `ldap.tls.${missing}`, value: undefined, message }]
}

function clientCertificates({ ldap }: Config): Problem[] {
  if (ldap.tls.clientCaFile === null || ldap.front === 'wire') return []
  const message = 'does not ask for certificates of clients; use "wire", or remove ldap.tls.clientCaFile'
  return [{ path: 'ldap.front', value: JSON.stringify(ldap.front), message }]
}

function adminExposure({ admin }: Config): Problem[] {
  if (isLoopbackHost(admin.host) || admin.tls !== null || admin.trustProxy.length > 0) return []
  const message =
    'is not a loopback address, and passwords would cross the network in clear; use 127.0.0.1, or admin.tls, or admin.trustProxy behind a proxy that does TLS'
  return [{ path: 'admin.host', value: JSON.stringify(admin.host), message }]
}

function trustedProxies({ admin }: Config): Problem[] {
  return admin.trustProxy.flatMap((text, index): Problem[] => {
    const problem = text.endsWith('/0') ? 'is every address; name the proxies' : networkProblem(text)
    return problem === undefined
      ? []
      : [{ path: `admin.trustProxy[${index}]`, value: JSON.stringify(text), message: problem }]
  })
}

/** Cookies and links are made for the public address: it has to be the one that browsers come by. */
function adminAddress({ admin }: Config): Problem[] {
  const { protocol, hostname } = new URL(admin.publicUrl)
  if (protocol === 'https:') return []
  const problem = (message: string) => [{ path: 'admin.publicUrl', value: JSON.stringify(admin.publicUrl), message }]
  if (admin.tls !== null) return problem('is not an https:// address, and with admin.tls nothing else is answered')
  const isInTheClear = admin.trustProxy.length > 0 && !isLoopbackHost(hostname)
  return isInTheClear ? problem('is not an https:// address; let the proxy of admin.trustProxy do TLS') : []
}

function literalSecrets(config: Config): Problem[] {
  if (isLoopbackHost(config.ldap.host) && isLoopbackHost(config.admin.host)) return []
  const message =
    'stands in the file itself, which is for trials on loopback only; move it to a variable { "env": "NAME" } or a file { "file": "PATH" }'
  return secretsOf(config)
    .filter(({ source }) => typeof source === 'string')
    .map(({ path }) => ({ path, value: '[redacted]', message }))
}

function oktaCredentials({ providers }: Config): Problem[] {
  return providers.flatMap((provider, index) => {
    if (provider.type !== 'okta') return []
    const { apiToken, oauth } = provider
    if (apiToken !== null && oauth !== null)
      return [
        { path: `providers[${index}].oauth`, value: undefined, message: 'stands beside apiToken; keep one of the two' },
      ]
    if (apiToken !== null || oauth !== null) return []
    return [{ path: `providers[${index}].apiToken`, value: undefined, message: 'is missing (an API token of the org)' }]
  })
}

function delegatedOnce({ providers }: Config): Problem[] {
  return providers.flatMap((provider, index) => {
    if (provider.type !== 'entra' && provider.type !== 'office365') return []
    const places = provider.credentials.flatMap(({ kind }, place) => (kind === 'delegated' ? [place] : []))
    return places.slice(1).map((place) => ({
      path: `providers[${index}].credentials[${place}]`,
      value: undefined,
      message: 'stands for all authorized accounts, as another one before it does; keep one of them',
    }))
  })
}

function notificationAddress({ providers, admin }: Config): Problem[] {
  if (admin.publicUrl.startsWith('https://')) return []
  return providers.flatMap((provider, index) => {
    if (!('changeNotifications' in provider) || !provider.changeNotifications) return []
    const message = `needs an address that Microsoft reaches over https; set admin.publicUrl to it (it is "${admin.publicUrl}")`
    return [{ path: `providers[${index}].changeNotifications`, value: 'true', message }]
  })
}

/** What a provider sends a browser back with signs people in: not in the clear, but on this machine itself. */
function peopleSignIn({ providers, admin }: Config): Problem[] {
  const { protocol, hostname } = new URL(admin.publicUrl)
  const isInTheClear = protocol !== 'https:' && !isLoopbackHost(hostname)
  return providers.flatMap((provider, index): Problem[] => {
    if (!('signIn' in provider)) return []
    const { clientId, clientSecret } = provider.signIn
    const path = `providers[${index}].signIn`
    if (clientId === null && clientSecret !== null)
      return [
        { path: `${path}.clientSecret`, value: undefined, message: 'belongs to no client; set signIn.clientId too' },
      ]
    if (clientId === null || !isInTheClear) return []
    const message = `needs an address that people reach over https; set admin.publicUrl to it (it is "${admin.publicUrl}")`
    return [{ path: `${path}.clientId`, value: JSON.stringify(clientId), message }]
  })
}
