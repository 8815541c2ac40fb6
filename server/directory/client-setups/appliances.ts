import type { ClientSite } from './client-site.ts'
import { dnInFilter } from './portable-names.ts'
import type { ReadySetting, ReadySetup } from './ready-setup.ts'

/*
 * What is typed into forms of appliances that nobody has tried.
 */

/** Their forms take one server. */
const otherServers = ({ servers }: ClientSite): readonly string[] =>
  servers.length < 2
    ? []
    : [
        `Add a server of the same settings for each further address: ${servers
          .slice(1)
          .map(({ url }) => url)
          .join(', ')}.`,
      ]

const hostOf = ({ servers: [first] }: ClientSite) => first?.host ?? ''
const portOf = ({ servers: [first] }: ClientSite) => first?.port ?? 636

export function pfsenseSetup(site: ClientSite): ReadySetup {
  const { baseDn, group, isLdaps } = site
  return {
    id: 'pfsense',
    name: 'pfSense and OPNsense',
    isTried: false,
    files: [],
    settings: [
      {
        name: 'Hostname, port, transport',
        value: `\`${hostOf(site)}\`, ${portOf(site)}, ${isLdaps ? 'SSL/TLS' : 'STARTTLS'}`,
      },
      { name: 'Peer certificate authority', value: 'the CA of Rosterd' },
      { name: 'Protocol version', value: '3; version 2 is refused' },
      { name: 'Search scope, base DN', value: `entire subtree, \`${baseDn}\`` },
      { name: 'Authentication containers', value: `\`ou=people,${baseDn}\`` },
      ...(group === undefined ? [] : [{ name: 'Extended query', value: `\`memberOf=${dnInFilter(group.dn)}\`` }]),
      { name: 'Bind credentials', value: 'the binder' },
      { name: 'User naming attribute', value: '`uid`' },
      { name: 'Group naming, group member attribute', value: '`cn`, `memberOf`' },
      { name: 'Group object class', value: '`groupOfNames`' },
      { name: 'RFC 2307 groups', value: 'off' },
    ],
    notes: ['An authentication server of type LDAP. Import the CA into the trust store first.', ...otherServers(site)],
  }
}

export function synologySetup(site: ClientSite): ReadySetup {
  const { baseDn, isLdaps } = site
  return {
    id: 'synology',
    name: 'Synology DSM',
    isTried: false,
    files: [],
    settings: [
      { name: 'Server address', value: `\`${hostOf(site)}\`` },
      {
        name: 'Encryption',
        value: isLdaps
          ? 'SSL/TLS; without a field for the port let Rosterd listen on 636'
          : 'StartTLS; without a field for the port let Rosterd listen on 389',
      },
      { name: 'Base DN', value: `\`${baseDn}\`` },
      { name: 'Profile', value: 'standard' },
      { name: 'Bind DN or account', value: 'the binder' },
    ],
    notes: [
      'Control Panel, Domain/LDAP.',
      'File sharing over SMB with passwords of the directory does not work: DSM wants Samba objects, and Rosterd has none.',
      ...otherServers(site),
    ],
  }
}

export function unifiSetup(site: ClientSite): ReadySetup {
  const { baseDn, servers } = site
  return {
    id: 'unifi',
    name: 'UniFi',
    isTried: false,
    files: [],
    settings: [
      { name: 'Server', value: `\`${servers[0]?.url ?? ''}\`` },
      { name: 'Base DN, bind DN', value: `\`${baseDn}\`, the binder` },
      { name: 'User object class, unique id', value: '`person`, `entryUUID`' },
      { name: 'User name, e-mail', value: '`uid`, `mail`' },
      { name: 'Group object class', value: '`groupOfNames`' },
      { name: 'Member attribute', value: '`member` or `uniqueMember`' },
    ],
    notes: [
      'Identity with an LDAP directory, kind OpenLDAP. Wi-Fi sign-in goes through RADIUS: see FreeRADIUS.',
      'Groups may not work where the object class is fixed to groupOfUniqueNames, which Rosterd’s groups do not have.',
      ...otherServers(site),
    ],
  }
}

/** What every client asks for in some form. */
export function anyClientSetup(site: ClientSite): ReadySetup {
  const { servers, isLdaps, baseDn, bindDn, group } = site
  const people = '(objectClass=posixAccount)'
  const member = group && `(memberOf=${dnInFilter(group.dn)})`
  const settings: readonly ReadySetting[] = [
    {
      name: servers.length === 1 ? 'Server' : 'Servers, in this order',
      value: servers.map(({ url }) => `\`${url}\``).join(', '),
    },
    { name: 'Host, port', value: servers.map(({ host, port }) => `\`${host}\` ${port}`).join(', ') },
    { name: 'Encryption', value: isLdaps ? 'TLS from the beginning (LDAPS)' : 'StartTLS, before the bind' },
    { name: 'LDAP version, bind', value: '3, simple; no SASL' },
    { name: 'Base DN', value: `\`${baseDn}\`` },
    { name: 'People, groups', value: `\`ou=people,${baseDn}\`, \`ou=groups,${baseDn}\`` },
    { name: 'Bind DN, password', value: `\`${bindDn}\`, its secret` },
    { name: 'Filter of people', value: `\`${member === undefined ? people : `(&${people}${member})`}\`` },
    {
      name: 'Filter of one person',
      value: `\`(&${people}(uid=%s)${member ?? ''})\`, where %s is what the product puts for the name`,
    },
    { name: 'Filter of groups', value: '`(objectClass=groupOfNames)`' },
    { name: 'User name', value: '`uid`' },
    { name: 'Id that never changes', value: '`entryUUID`, `uidNumber`, `gidNumber`' },
    { name: 'Full name, given name, surname', value: '`displayName`, `givenName`, `sn`' },
    { name: 'Mail', value: '`mail`; several values, the primary address first' },
    { name: 'Groups of a person', value: '`memberOf`: DNs' },
    { name: 'Members of a group', value: '`member` or `uniqueMember`: DNs; `memberUid`: user names' },
    { name: 'Nested groups', value: 'off: they are flattened' },
  ]
  return {
    id: 'any',
    name: 'Any other client',
    isTried: false,
    files: [],
    settings,
    notes: ['Turn off writes and password changes in the client: Rosterd refuses them.'],
  }
}
