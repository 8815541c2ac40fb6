import { type ClientSite, passwordPlace } from './client-site.ts'
import { portableValue } from './portable-names.ts'
import { lines, type ReadySetup } from './ready-setup.ts'

/** Values end with their line, and nothing in them is special but `$`, which portable values do not have. */
export function nslcdSetup({ servers, isLdaps, baseDn, bindDn, caFile, group }: ClientSite): ReadySetup {
  const text = lines(
    'uid nslcd',
    'gid nslcd',
    ...servers.map(({ url }) => `uri ${url}`),
    `ssl ${isLdaps ? 'on' : 'start_tls'}`,
    `tls_cacertfile ${caFile}`,
    'tls_reqcert demand',
    `base ${baseDn}`,
    `base passwd ou=people,${baseDn}`,
    `base shadow ou=people,${baseDn}`,
    `base group ou=groups,${baseDn}`,
    'scope sub',
    `binddn ${bindDn}`,
    `bindpw ${passwordPlace}`,
    'pagesize 500',
    'timelimit 20',
    'bind_timelimit 5',
    group && `pam_authz_search (&(objectClass=groupOfNames)(cn=${portableValue(group.name)})(member=$dn))`,
  )
  return {
    id: 'nslcd',
    name: 'Linux hosts with nslcd',
    isTried: true,
    files: [{ path: '/etc/nslcd.conf', mode: '0640', text }],
    settings: [],
    notes: [
      'The file belongs to root and the group nslcd. In /etc/nsswitch.conf add ldap to passwd, group and shadow; the package libpam-ldapd does PAM.',
    ],
  }
}
