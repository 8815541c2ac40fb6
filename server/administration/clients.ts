import type { ClientChoice, ClientServices, ShownBinder } from '../../admin-ui/admin/binders/services.ts'
import { clientSetups } from '../directory/client-setups/client-setups.ts'
import {
  type ClientSite,
  clientSite,
  preferredServers,
  type ServerAddress,
  serverAddress,
  type SiteGroup,
} from '../directory/client-setups/client-site.ts'
import { type HostGroup, linuxHostScript } from '../directory/client-setups/linux-host-script.ts'
import { FieldsRefused } from '../directory/credentials/change-refused.ts'
import { isLoopbackHost } from '../runtime/loopback.ts'
import type { Workspace } from '../workspace.ts'

/** Names offered beside a field; there may be tens of thousands. */
const offeredGroups = 200

/** How clients are set up, for the administrators' pages. `caPem`: of the private CA, while there is one. */
export function clientServices(
  workspace: Pick<Workspace, 'config' | 'directory'>,
  caPem: () => string | undefined,
): ClientServices {
  const { directory } = workspace
  const servers = () => workspace.config.ldap.publicUrls.map(serverAddress).filter((address) => address !== undefined)

  function* groups(): Generator<HostGroup & SiteGroup> {
    for (const { dn, attributes } of directory.entriesWith('objectClass', 'posixGroup')) {
      const [name] = attributes.get('cn') ?? []
      const [gid] = attributes.get('gidNumber') ?? []
      // A name with a line end is none that a host takes.
      if (typeof name === 'string' && !/\p{C}/u.test(name) && typeof gid === 'string' && /^\d+$/.test(gid))
        yield { name, dn, gidNumber: Number(gid) }
    }
  }

  function groupNamed(path: string, name: string): (HostGroup & SiteGroup) | undefined {
    if (name === '') return undefined
    const found = [...groups()].filter((group) => group.name.toLowerCase() === name.toLowerCase())
    const [group, another] = found
    if (group === undefined || another !== undefined)
      throw new FieldsRefused([
        { path, message: `There ${another ? 'are several groups' : 'is no group'} "${name}" that hosts know.` },
      ])
    return group
  }

  function chosenServers(url: string): readonly ServerAddress[] {
    const known = servers()
    if (known.length === 0)
      throw new FieldsRefused([{ path: 'server', message: 'Set ldap.publicUrls to the addresses that clients use.' }])
    if (url === '') return preferredServers(known)
    const chosen = known.find((server) => server.url === url)
    if (chosen === undefined)
      throw new FieldsRefused([{ path: 'server', message: `"${url}" is not among ldap.publicUrls.` }])
    return [chosen]
  }

  function siteOf(binder: ShownBinder, { server }: ClientChoice, group: SiteGroup | undefined): ClientSite {
    return clientSite({
      servers: chosenServers(server),
      suffix: directory.suffix,
      binder,
      group,
      hasOwnCa: caPem() !== undefined,
    })
  }

  return {
    get servers() {
      return servers().map(({ url }) => url)
    },
    get problems() {
      return servers().every(({ host }) => isLoopbackHost(host))
        ? ['ldap.publicUrls names this machine alone: clients elsewhere cannot use what is shown here.']
        : []
    },
    hasOwnCa: () => caPem() !== undefined,
    groupNames: () =>
      Array.from(groups(), ({ name }) => name)
        .toSorted((a, b) => (a < b ? -1 : 1))
        .slice(0, offeredGroups),
    setups: (binder, choice) => clientSetups(siteOf(binder, choice, groupNamed('group', choice.group))),
    hostScript(binder, choice) {
      const login = groupNamed('login', choice.group)
      const sudo = groupNamed('sudo', choice.sudo)
      const { organization } = workspace.config
      return linuxHostScript({ site: siteOf(binder, choice, login), organization, login, sudo, caPem: caPem() })
    },
  }
}
