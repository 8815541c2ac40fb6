import type { Revoked } from './services.ts'

/** What was taken away, in a sentence, and what stays elsewhere. */
export function revokedText({ revoked, sessions, enrollmentLink, sshKeys, sshKeysElsewhere }: Revoked): string {
  const parts = [
    ...(revoked.directoryPassword ? ['the directory password'] : []),
    ...(revoked.appPasswords > 0 ? [counted(revoked.appPasswords, 'app password')] : []),
    ...(revoked.providerPassword ? ['the password kept after a check at the provider'] : []),
    ...(revoked.secondFactor ? ['the second factor'] : []),
    ...(sessions > 0 ? ['being signed in to the pages'] : []),
    ...(enrollmentLink ? ['the enrollment link'] : []),
    ...(sshKeys > 0 ? [counted(sshKeys, 'SSH key')] : []),
  ]
  return [
    parts.length === 0 ? 'There was nothing to revoke.' : `Revoked: ${parts.join(', ')}.`,
    ...(revoked.importedPasswords > 0 ? ['The password in the file stays: remove it there.'] : []),
    ...(sshKeysElsewhere > 0 ? ['SSH keys of a file or the provider stay: remove them there.'] : []),
    'What the provider itself accepts is changed there; a block refuses it here.',
  ].join(' ')
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
