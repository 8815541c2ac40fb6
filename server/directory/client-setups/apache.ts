import { type ClientSite, passwordPlace } from './client-site.ts'
import { doubledBackslashes } from './portable-names.ts'
import { lines, type ReadySetup } from './ready-setup.ts'

/** Modules ldap and authnz_ldap. */
export function apacheSetup({ servers, isLdaps, baseDn, bindDn, caFile, group }: ClientSite): ReadySetup {
  const hosts = servers.map(({ url }) => url.slice(url.indexOf('//') + 2)).join(' ')
  const url = `${isLdaps ? 'ldaps' : 'ldap'}://${hosts}/${inUrl(`ou=people,${baseDn}`)}?uid?sub?(objectClass=posixAccount)`
  const text = lines(
    `LDAPTrustedGlobalCert CA_BASE64 "${caFile}"`,
    '',
    '<Location "/internal">',
    '  AuthType Basic',
    '  AuthName "Example"',
    '  AuthBasicProvider ldap',
    `  AuthLDAPURL "${url}"${isLdaps ? '' : ' STARTTLS'}`,
    `  AuthLDAPBindDN "${doubledBackslashes(bindDn)}"`,
    `  AuthLDAPBindPassword "${passwordPlace}"`,
    ...(group === undefined
      ? ['  Require valid-user']
      : [
          '  AuthLDAPGroupAttribute member',
          '  AuthLDAPGroupAttributeIsDN on',
          `  Require ldap-group ${doubledBackslashes(group.dn)}`,
        ]),
    '</Location>',
  )
  return {
    id: 'apache',
    name: 'Apache',
    isTried: true,
    files: [{ path: 'in the server’s configuration', mode: '0640', text }],
    settings: [],
    notes: ['Modules ldap and authnz_ldap. /internal stands for what is to be protected.'],
  }
}

/** A backslash and a blank are no characters of an address; the rest of a portable DN is, or is encoded as UTF-8. */
function inUrl(dn: string): string {
  return encodeURI(dn)
}
