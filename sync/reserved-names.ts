import { prepareString } from '../server/protocol/string-preparation.ts'

/** Names that hosts give a meaning of their own; never served from a cloud. Lower case. */
const shippedReservedNames = `
root toor daemon bin sys sync games man lp mail news uucp proxy www-data backup list irc gnats nobody nogroup systemd
adm tty disk kmem dialout fax voice cdrom floppy tape sudo audio dip operator src shadow utmp video sasl plugdev staff
users input sgx kvm render crontab messagebus sshd ssh _ssh polkitd polkituser tss rtkit avahi colord geoclue pulse
pulse-access scanner saned lpadmin netdev bluetooth gdm lightdm sddm wheel docker podman lxd lxc incus incus-admin
libvirt libvirt-qemu libvirtdbus qemu vboxusers wireshark halt shutdown ftp http ntp chrony dbus bind named dhcpd dnsmasq
unbound postfix postdrop exim dovecot dovenull mysql postgres redis memcache mongodb rabbitmq nginx apache apache2 httpd
tomcat jenkins git gitlab sssd nslcd nscd openldap ldap slapd radius freerad openvpn wireguard squid clamav amavis
spamd munin nagios zabbix prometheus grafana elasticsearch kibana consul vault etcd kube kubelet admin sudoers systemd-network systemd-resolve systemd-timesync systemd-journal systemd-coredump systemd-oom
systemd-bus-proxy usbmux uuidd tcpdump landscape pollinate syslog whoopsie kernoops hplip _apt _chrony lock utempter
`
  .trim()
  .split(/\s+/)

/** The shipped reserved names and those of the configuration. */
export function reservedNames(additional: readonly string[]): ReadonlySet<string> {
  return new Set([...shippedReservedNames, ...additional.map(foldName)])
}

/** The form in which names are compared, which is that of DNs: two names that fold alike are one in the directory and on a host. */
export function foldName(name: string): string {
  return prepareString(name, true)
}

/** `name`, or `name-2`, `name-3`, … cut so that it fits `maxLength` UTF-16 units. Suffix 0 means none. */
export function withSuffix(name: string, suffix: number, maxLength: number): string {
  if (suffix === 0) return name
  const tail = `-${suffix}`
  return cut(name, maxLength - tail.length) + tail
}

/** Cuts between code points. */
export function cut(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text
  let end = maxLength
  const unit = text.charCodeAt(end - 1)
  if (unit >= 0xd800 && unit < 0xdc00) end--
  return text.slice(0, end)
}
