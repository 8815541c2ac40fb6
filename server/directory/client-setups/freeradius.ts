import { type ClientSite, passwordPlace } from './client-site.ts'
import { doubledBackslashes, portableValue } from './portable-names.ts'
import { lines, type ReadySetup } from './ready-setup.ts'

/** Debian's layout, files under /etc/freeradius/3.0. */
export function freeradiusSetup(site: ClientSite): ReadySetup {
  return {
    id: 'freeradius',
    name: 'FreeRADIUS',
    isTried: true,
    files: [
      { path: 'mods-enabled/ldap', mode: '0640', text: ldapModule(site) },
      { path: 'sites-enabled/default', text: defaultSite(site) },
      { path: 'sites-enabled/inner-tunnel', text: innerTunnel(site) },
    ],
    settings: [],
    notes: [
      'Paths are below /etc/freeradius/3.0. The files belong to the group freerad. Wi-Fi uses EAP-TTLS/PAP, in which the password reaches Rosterd by a bind.',
      site.readsNtHash
        ? 'PEAP-MSCHAPv2 works for people with an NT hash: passwords.ntHash keeps it of every password that is set from then on.'
        : 'PEAP-MSCHAPv2 needs a binder that reads NT hashes, and passwords.ntHash.',
    ],
  }
}

/** Between single quotes. */
const quoted = (text: string) => `'${doubledBackslashes(text)}'`

function ldapModule({ servers, isLdaps, baseDn, bindDn, caFile, readsNtHash }: ClientSite): string {
  return lines(
    'ldap {',
    ...servers.map(({ url }) => `  server = '${url}'`),
    `  identity = ${quoted(bindDn)}`,
    `  password = '${passwordPlace}'`,
    `  base_dn = ${quoted(baseDn)}`,
    ...(readsNtHash ? ['  update {', "    control:NT-Password := 'sambaNTPassword'", '  }'] : []),
    '  user {',
    `    base_dn = ${quoted(`ou=people,${baseDn}`)}`,
    '    filter = "(&(objectClass=posixAccount)(uid=%{%{Stripped-User-Name}:-%{User-Name}}))"',
    "    scope = 'sub'",
    '  }',
    '  group {',
    `    base_dn = ${quoted(`ou=groups,${baseDn}`)}`,
    "    filter = '(objectClass=groupOfNames)'",
    "    scope = 'sub'",
    '    name_attribute = cn',
    '    membership_filter = "(member=%{control:Ldap-UserDn})"',
    '  }',
    '  options {',
    '    chase_referrals = no',
    '    rebind = no',
    '    res_timeout = 10',
    '    srv_timelimit = 5',
    '    net_timeout = 3',
    '    idle = 60',
    '    probes = 3',
    '    interval = 3',
    '  }',
    '  tls {',
    `    start_tls = ${isLdaps ? 'no' : 'yes'}`,
    `    ca_file = '${caFile}'`,
    "    require_cert = 'demand'",
    '  }',
    '  pool {',
    '    start = 1',
    '    min = 1',
    '    max = 8',
    '    spare = 1',
    '    uses = 0',
    '    lifetime = 0',
    '    idle_timeout = 60',
    '    retry_delay = 1',
    '    connect_timeout = 5',
    '  }',
    '}',
  )
}

/** Members alone. FreeRADIUS puts the name into a filter as it stands, after its own variables. */
function membersOnly({ group }: ClientSite): readonly string[] {
  if (group === undefined) return []
  const name = doubledBackslashes(portableValue(group.name))
  return [`    if (!(LDAP-Group == "${name}")) {`, '      reject', '    }']
}

function defaultSite(site: ClientSite): string {
  return lines(
    'server default {',
    '  listen {',
    '    type = auth',
    '    ipaddr = *',
    '    port = 1812',
    '  }',
    '  authorize {',
    '    if (&User-Password && &User-Password == "") {',
    '      reject',
    '    }',
    '    eap {',
    '      ok = return',
    '      updated = return',
    '    }',
    '    ldap',
    '    if (notfound) {',
    '      reject',
    '    }',
    ...membersOnly(site),
    '    if (&User-Password && !&control:Auth-Type) {',
    '      update control {',
    '        Auth-Type := ldap',
    '      }',
    '    }',
    '  }',
    '  authenticate {',
    '    Auth-Type ldap {',
    '      ldap',
    '    }',
    '    eap',
    '  }',
    '}',
  )
}

function innerTunnel(site: ClientSite): string {
  return lines(
    'server inner-tunnel {',
    '  authorize {',
    '    eap {',
    '      ok = return',
    '    }',
    '    ldap',
    '    if (notfound) {',
    '      reject',
    '    }',
    ...membersOnly(site),
    '    mschap',
    '    if (&User-Password && !&control:Auth-Type) {',
    '      update control {',
    '        Auth-Type := ldap',
    '      }',
    '    }',
    '    pap',
    '  }',
    '  authenticate {',
    '    Auth-Type ldap {',
    '      ldap',
    '    }',
    '    Auth-Type MS-CHAP {',
    '      mschap',
    '    }',
    '    eap',
    '    pap',
    '  }',
    '}',
  )
}
