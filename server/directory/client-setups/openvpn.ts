import { type ClientSite, passwordPlace } from './client-site.ts'
import { portableValue } from './portable-names.ts'
import { lines, type ReadySetup } from './ready-setup.ts'

/** The plug-in openvpn-auth-ldap. */
export function openvpnSetup({ servers, isLdaps, baseDn, bindDn, caFile, group }: ClientSite): ReadySetup {
  const text = lines(
    '<LDAP>',
    `  URL "${servers.map(({ url }) => url).join(' ')}"`,
    `  BindDN "${bindDn}"`,
    `  Password "${passwordPlace}"`,
    '  Timeout 10',
    `  TLSEnable ${isLdaps ? 'no' : 'yes'}`,
    `  TLSCACertFile "${caFile}"`,
    '  FollowReferrals no',
    '</LDAP>',
    '<Authorization>',
    `  BaseDN "ou=people,${baseDn}"`,
    '  SearchFilter "(&(objectClass=posixAccount)(uid=%u))"',
    ...(group === undefined
      ? ['  RequireGroup false']
      : [
          '  RequireGroup true',
          '  <Group>',
          '    RFC2307bis true',
          '    UseCompareOperation true',
          `    BaseDN "ou=groups,${baseDn}"`,
          `    SearchFilter "(cn=${portableValue(group.name)})"`,
          '    MemberAttribute member',
          '  </Group>',
        ]),
    '</Authorization>',
  )
  const server = lines(
    'plugin /usr/lib/openvpn/openvpn-auth-ldap.so /etc/openvpn/auth-ldap.conf',
    'verify-client-cert none',
    'username-as-common-name',
  )
  return {
    id: 'openvpn',
    name: 'OpenVPN',
    isTried: true,
    files: [
      { path: '/etc/openvpn/auth-ldap.conf', mode: '0600', text },
      { path: 'in the server’s configuration', text: server },
    ],
    settings: [],
    notes: ['The package is openvpn-auth-ldap; clients need auth-user-pass.'],
  }
}
