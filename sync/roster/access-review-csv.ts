import type { CsvRow } from '../../server/runtime/csv.ts'
import type { ReviewedPerson } from './access-review.ts'

export const accessReviewColumns = [
  'username',
  'name',
  'mail',
  'status',
  'reason',
  'groups',
  'directoryPassword',
  'passwordsOfFiles',
  'appPasswords',
  'secondFactor',
  'sshKeys',
  'passThrough',
  'lastSignIn',
  'firstSeen',
  'goneSince',
  'sources',
  'entryUUID',
]

export function accessReviewLine({ credentials, ...person }: ReviewedPerson): CsvRow {
  const { directoryPassword, passwordsOfFiles, appPasswords, secondFactor, sshKeys, passThrough } = credentials ?? {}
  return [
    person.username,
    person.name,
    person.mail,
    person.status,
    person.reason,
    person.groups.join('; '),
    yesOrNo(directoryPassword),
    passwordsOfFiles ?? null,
    appPasswords ?? null,
    yesOrNo(secondFactor),
    sshKeys ?? null,
    yesOrNo(passThrough),
    person.lastSignIn,
    person.firstSeen,
    person.goneSince,
    person.sources.join('; '),
    person.entryUUID,
  ]
}

/** null: not known. */
function yesOrNo(value: boolean | undefined): string | null {
  return value === undefined ? null : value ? 'yes' : 'no'
}
