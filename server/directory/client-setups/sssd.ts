import type { ClientSite } from './client-site.ts'
import { passwordPlace } from './client-site.ts'
import { dnInFilter } from './portable-names.ts'
import { lines, type ReadySetup } from './ready-setup.ts'

/** sssd on a Linux host. */
export function sssdSetup(site: ClientSite): ReadySetup {
  return {
    id: 'sssd',
    name: 'Linux hosts with sssd',
    isTried: true,
    files: [{ path: '/etc/sssd/sssd.conf', mode: '0600', text: sssdConf(site) }],
    settings: [],
    notes: [
      'The script for Linux hosts writes this file and sets up the rest: NSS, PAM, home folders, SSH keys and sudo.',
      `SSH keys: AuthorizedKeysCommand /usr/bin/sss_ssh_authorizedkeys and AuthorizedKeysCommandUser nobody in sshd_config.`,
    ],
  }
}

/** Values end with their line, and nothing in them is special. */
export function sssdConf({ servers, isLdaps, baseDn, bindDn, caFile, group }: ClientSite): string {
  return lines(
    '[sssd]',
    'services = nss, pam, ssh',
    'domains = rosterd',
    '',
    '[nss]',
    'filter_users = root',
    'filter_groups = root',
    '',
    '[domain/rosterd]',
    'id_provider = ldap',
    'auth_provider = ldap',
    'chpass_provider = none',
    'ldap_schema = rfc2307bis',
    `ldap_uri = ${servers.map(({ url }) => url).join(', ')}`,
    !isLdaps && 'ldap_id_use_start_tls = true',
    `ldap_tls_cacert = ${caFile}`,
    'ldap_tls_reqcert = demand',
    `ldap_search_base = ${baseDn}`,
    `ldap_user_search_base = ou=people,${baseDn}`,
    `ldap_group_search_base = ou=groups,${baseDn}`,
    `ldap_default_bind_dn = ${bindDn}`,
    'ldap_default_authtok_type = password',
    `ldap_default_authtok = ${passwordPlace}`,
    'ldap_user_ssh_public_key = sshPublicKey',
    ...(group === undefined
      ? ['access_provider = permit']
      : [
          'access_provider = ldap',
          'ldap_access_order = filter',
          `ldap_access_filter = (memberOf=${dnInFilter(group.dn)})`,
        ]),
    'cache_credentials = false',
  )
}
