#!/bin/sh
# @TITLE@
#
#   sudo sh rosterd-host.sh          sets this host up; run it again after a change
#   sudo sh rosterd-host.sh --undo   puts back what was here before
#
# Who may log in: @LOGIN@
# Who may use sudo: @SUDO@
# It asks for the secret of the binder, or reads it from standard input, and writes it to /etc/sssd/sssd.conf alone.
# For Debian, Ubuntu, RHEL, Rocky, Alma and Fedora.
set -eu
umask 077
export LC_ALL=C

binder=@BINDER@
login_gid=@LOGIN_GID@
sudo_gid=@SUDO_GID@
has_own_ca=@HAS_OWN_CA@
state=/var/lib/rosterd-host

main() {
  [ "$(id -u)" = 0 ] || fail 'run this as root: sudo sh rosterd-host.sh'
  case ${1:-} in
    '') set_up ;;
    --undo) undo ;;
    *) fail "there is no $1; run it without anything, or with --undo" ;;
  esac
}

set_up() {
  find_family
  refuse_foreign_sssd
  read_secret
  mkdir -p "$state"
  keep_system_files
  install_packages
  write_ca
  write_sssd_conf
  use_sssd
  restart_sssd
  serve_ssh_keys
  allow_sudo
  check
}

# --- Steps

find_family() {
  if command -v apt-get >/dev/null; then family=debian
  elif command -v dnf >/dev/null; then family=redhat
  else fail 'this host has neither apt-get nor dnf; see docs/interoperability.md for sssd on other systems'
  fi
}

# A host that asks another directory would ask it no more.
refuse_foreign_sssd() {
  [ -e /etc/sssd/sssd.conf ] || return 0
  grep -q '^domains = rosterd$' /etc/sssd/sssd.conf ||
    fail '/etc/sssd/sssd.conf is there and not of this script; move it away first'
}

read_secret() {
  if [ -t 0 ]; then
    printf 'Secret of %s (nothing: the one in use): ' "$binder" >&2
    trap 'stty echo' EXIT
    stty -echo
    IFS= read -r secret || :
    stty echo
    trap - EXIT
    printf '\n' >&2
  else
    IFS= read -r secret || :
  fi
  if [ -z "$secret" ] && [ -e /etc/sssd/sssd.conf ]; then
    secret=$(sed -n 's/^ldap_default_authtok = //p' /etc/sssd/sssd.conf)
  fi
  [ -n "$secret" ] || fail 'no secret was given'
}

# What packages and the tools below change.
keep_system_files() {
  [ "$family" = debian ] || return 0
  keep /etc/nsswitch.conf
  for part in auth account password session session-noninteractive; do
    keep "/etc/pam.d/common-$part"
    keep "/var/lib/pam/$part"
  done
  keep /var/lib/pam/seen
}

install_packages() {
  case $family in
    debian) set -- sssd-ldap sssd-common libnss-sss libpam-sss ;;
    redhat) set -- sssd-ldap sssd-common sssd-client authselect oddjob-mkhomedir ;;
  esac
  [ -z "$sudo_gid" ] || set -- "$@" sudo
  missing=
  for package in "$@"; do
    is_installed "$package" || missing="$missing $package"
  done
  [ -n "$missing" ] || return 0
  say "Packages:$missing"
  # Names without blanks, each a word of its own.
  # shellcheck disable=SC2086
  case $family in
    debian)
      apt-get update -q
      DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing
      ;;
    redhat) dnf install -y -q $missing ;;
  esac
  printf '%s\n' "$missing" >>"$state/packages"
}

is_installed() {
  case $family in
    debian) [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ] ;;
    redhat) rpm -q --quiet "$1" ;;
  esac
}

# The certificate authority comes with this script, so that nothing has to be fetched and believed.
write_ca() {
  if [ -n "$has_own_ca" ]; then
    put /etc/ssl/rosterd-ca.pem 644 <<'END_OF_CA'
@CA@
END_OF_CA
  else
    # A public authority issued the server's certificate: the one that this system trusts.
    keep /etc/ssl/rosterd-ca.pem
    bundle=/etc/ssl/certs/ca-certificates.crt
    [ -e "$bundle" ] || bundle=/etc/pki/tls/certs/ca-bundle.crt
    ln -sfn "$bundle" /etc/ssl/rosterd-ca.pem
  fi
}

write_sssd_conf() {
  {
    cat <<'END_OF_CONF'
@SSSD_CONF_BEFORE_SECRET@
END_OF_CONF
    printf 'ldap_default_authtok = %s\n' "$secret"
    cat <<'END_OF_CONF'
@SSSD_CONF_AFTER_SECRET@
END_OF_CONF
  } | put /etc/sssd/sssd.conf 600
}

# Users and groups, passwords, and home folders at the first login.
use_sssd() {
  case $family in
    debian)
      for database in passwd group shadow; do
        grep -Eq "^$database:.*[[:space:]]sss([[:space:]]|\$)" /etc/nsswitch.conf ||
          sed -i "s/^$database:.*/& sss/" /etc/nsswitch.conf
      done
      pam-auth-update --enable sss mkhomedir
      ;;
    redhat)
      if [ ! -e "$state/authselect" ]; then
        authselect select sssd with-mkhomedir --force --quiet --backup=rosterd-host
        : >"$state/authselect"
      fi
      if has_systemd; then systemctl enable --quiet --now oddjobd; fi
      ;;
  esac
}

restart_sssd() {
  rm -f /var/lib/sss/db/*_rosterd.ldb
  if has_systemd; then
    systemctl enable --quiet sssd
    systemctl restart sssd
  else
    service sssd restart
  fi
}

serve_ssh_keys() {
  if ! command -v sshd >/dev/null; then
    say 'There is no sshd here: SSH keys are left out.'
    return 0
  fi
  put /etc/ssh/sshd_config.d/rosterd.conf 644 <<'END_OF_CONF'
# Keys of people come from Rosterd, through sssd.
AuthorizedKeysCommand /usr/bin/sss_ssh_authorizedkeys
AuthorizedKeysCommandUser nobody
END_OF_CONF
  if ! grep -Eqi '^[[:space:]]*Include[[:space:]]+"?/etc/ssh/sshd_config\.d/' /etc/ssh/sshd_config; then
    { echo 'Include /etc/ssh/sshd_config.d/*.conf' && cat /etc/ssh/sshd_config; } >"$state/sshd_config"
    put /etc/ssh/sshd_config "$(stat -c %a /etc/ssh/sshd_config)" <"$state/sshd_config"
  fi
  # Where sshd does not run yet, Debian's has no folder to check itself in.
  if [ "$family" = debian ] && [ ! -d /run/sshd ]; then mkdir -m 755 /run/sshd; fi
  if ! sshd -t; then
    put_back /etc/ssh/sshd_config.d/rosterd.conf
    fail 'sshd does not accept its settings, and they are as before; mend them, then run this again'
  fi
  reload_sshd
}

allow_sudo() {
  if [ -z "$sudo_gid" ]; then
    if is_kept /etc/sudoers.d/rosterd; then put_back /etc/sudoers.d/rosterd; fi
    return 0
  fi
  # By its number, which is never given to another group.
  printf '%%#%s ALL=(ALL:ALL) ALL\n' "$sudo_gid" >"$state/sudoers"
  visudo -c -q -f "$state/sudoers" || fail 'sudo does not accept its rule, and does not have it; mend sudoers, then run this again'
  put /etc/sudoers.d/rosterd 440 <"$state/sudoers"
}

check() {
  if [ -z "$login_gid" ]; then
    say 'This host is set up. To try it, with the name of somebody: getent passwd NAME && id NAME'
    return 0
  fi
  tries=0
  until group=$(getent group "$login_gid"); do
    tries=$((tries + 1))
    [ "$tries" -lt 30 ] || fail 'the group that may log in is not found: the journal of sssd says why, and the page of the binder in Rosterd what came from here'
    sleep 1
  done
  say "getent group: $group"
  person=${group##*:}
  person=${person%%,*}
  if [ -n "$person" ]; then
    say "getent passwd: $(getent passwd "$person")"
    say "id: $(id "$person")"
  fi
  say 'This host is set up.'
}

undo() {
  [ -e "$state/paths" ] || fail 'this host was not set up by this script, or it is undone already'
  find_family
  if [ -e "$state/authselect" ]; then
    authselect backup-restore rosterd-host
    authselect backup-remove rosterd-host
  fi
  while IFS= read -r path; do put_back "$path"; done <"$state/paths"
  rm -f /var/lib/sss/db/*_rosterd.ldb
  if [ -e /etc/sssd/sssd.conf ]; then
    restart_sssd
  elif has_systemd; then
    systemctl disable --quiet --now sssd
  else
    service sssd stop
  fi
  if command -v sshd >/dev/null; then reload_sshd; fi
  if [ -e "$state/packages" ]; then
    say "What was here before is back. These packages were installed, and stay:$(cat "$state/packages")"
  else
    say 'What was here before is back.'
  fi
  rm -r "$state"
}

# --- Tools

say() { printf '%s\n' "$*"; }

fail() {
  printf 'rosterd-host: %s\n' "$*" >&2
  exit 1
}

has_systemd() { [ -d /run/systemd/system ]; }

reload_sshd() {
  has_systemd || return 0
  for unit in ssh sshd; do
    if systemctl is-active --quiet "$unit"; then
      systemctl reload "$unit"
      return 0
    fi
  done
}

is_kept() { grep -qxF -- "$1" "$state/paths" 2>/dev/null; }

# Keeps what is at a path, or that nothing is, before the first change of it.
keep() {
  if is_kept "$1"; then return 0; fi
  mkdir -p "$state/before$(dirname "$1")"
  if [ -e "$1" ]; then cp -a "$1" "$state/before$1"; fi
  printf '%s\n' "$1" >>"$state/paths"
}

put_back() {
  if [ -e "$state/before$1" ]; then
    cp -a "$state/before$1" "$1.rosterd-new"
    mv -f "$1.rosterd-new" "$1"
  else
    rm -f "$1"
  fi
}

# Puts standard input at a path, whole or not at all.
put() {
  keep "$1"
  cat >"$1.rosterd-new"
  chmod "$2" "$1.rosterd-new"
  mv -f "$1.rosterd-new" "$1"
}

main "$@"
