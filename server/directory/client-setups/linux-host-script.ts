import { readFileSync } from 'node:fs'
import type { ClientSite } from './client-site.ts'
import { passwordPlace } from './client-site.ts'
import { inOneLine } from './portable-names.ts'
import { sssdConf } from './sssd.ts'

/** A group as hosts see it. */
export interface HostGroup {
  readonly name: string
  readonly gidNumber: number
}

export interface LinuxHost {
  readonly site: ClientSite
  readonly organization: string
  /** Who may log in; undefined: everybody. The `group` of the site is the same. */
  readonly login: HostGroup | undefined
  /** Who may use sudo; undefined: the script leaves sudo alone. */
  readonly sudo: HostGroup | undefined
  /** PEM of the CA that the host is to trust; undefined: those that its system trusts. */
  readonly caPem: string | undefined
}

const template = readFileSync(new URL('linux-host.sh', import.meta.url), 'utf8')

/**
 * The shell script that sets a Linux host up, and undoes it. It holds no secret. Nothing in it that comes from the directory
 * or the configuration is read by the shell but as text between single quotes.
 */
export function linuxHostScript({ site, organization, login, sudo, caPem }: LinuxHost): string {
  const conf = sssdConf({ ...site, caFile: '/etc/ssl/rosterd-ca.pem' })
  const [before = '', after = ''] = conf.split(`ldap_default_authtok = ${passwordPlace}\n`)
  const places: Readonly<Record<string, string>> = {
    TITLE: inOneLine(`Lets people of ${organization} (${site.baseDn}) log in to this Linux host, through Rosterd.`),
    LOGIN: login === undefined ? 'everybody who is active' : inOneLine(`members of ${login.name}`),
    SUDO: sudo === undefined ? 'as it was; nothing is changed' : inOneLine(`members of ${sudo.name}`),
    BINDER: shellQuoted(site.bindDn),
    LOGIN_GID: login === undefined ? '' : String(login.gidNumber),
    SUDO_GID: sudo === undefined ? '' : String(sudo.gidNumber),
    HAS_OWN_CA: caPem === undefined ? '' : 'yes',
    CA: (caPem ?? '').trim(),
    SSSD_CONF_BEFORE_SECRET: before.trimEnd(),
    SSSD_CONF_AFTER_SECRET: after.trimEnd(),
  }
  return template.replaceAll(/@([A-Z_]+)@/g, (place, name: string) => places[name] ?? place)
}

function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}
