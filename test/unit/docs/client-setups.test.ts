import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { clientSetups } from '../../../server/directory/client-setups/client-setups.ts'
import { clientSite, serverAddress } from '../../../server/directory/client-setups/client-site.ts'

const page = await readFile(join(import.meta.dirname, '..', '..', '..', 'docs', 'interoperability.md'), 'utf8')

/** Which binder and group the examples of the page are for. */
const examples = [
  { id: 'sssd', binder: 'sssd', group: 'engineering', heading: 'sssd' },
  { id: 'nslcd', binder: 'nslcd', group: 'engineering', heading: 'nslcd' },
  { id: 'freeradius', binder: 'radius', group: 'wifi-users', heading: 'FreeRADIUS' },
  { id: 'openvpn', binder: 'openvpn', group: 'vpn-users', heading: 'OpenVPN' },
  { id: 'apache', binder: 'apache', group: 'engineering', heading: 'Apache' },
  { id: 'pfsense', binder: 'pfsense', group: 'vpn-users', heading: 'pfSense and OPNsense' },
  { id: 'synology', binder: 'synology', group: undefined, heading: 'Synology DSM' },
  { id: 'unifi', binder: 'unifi', group: undefined, heading: 'UniFi' },
] as const

test.each(examples)('what the admin page gives for $id is what the page about clients has', (example) => {
  const { id, binder, group, heading } = example
  const suffix = 'dc=example,dc=com'
  const site = clientSite({
    servers: ['ldaps://ldap.example.com:6360'].map(serverAddress).filter((address) => address !== undefined),
    suffix,
    binder: { name: binder, grants: [] },
    group: group && { name: group, dn: `cn=${group},ou=groups,${suffix}` },
    hasOwnCa: true,
  })
  const setup = clientSetups(site).find((each) => each.id === id)
  const section = page.slice(page.indexOf(`\n### ${heading}\n`))
  const own = section.slice(0, section.indexOf('\n### ', 5) === -1 ? undefined : section.indexOf('\n### ', 5))
  expect((setup?.files.length ?? 0) + (setup?.settings.length ?? 0)).toBeGreaterThan(0)
  for (const { text } of setup?.files ?? []) expect(own).toContain(`\n${text}\`\`\`\n`)
  for (const { name, value } of setup?.settings ?? []) expect(own).toContain(`\n| ${name} | ${value} |\n`)
})
