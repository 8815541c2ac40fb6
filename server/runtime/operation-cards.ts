/** Cards of docs/operations.md, by their anchors. */
export const operationCards = [
  'nobody-can-sign-in',
  'one-person-cannot-sign-in',
  'searches-are-slow',
  'a-sync-is-stale',
  'changes-are-held',
  'a-secret-has-expired',
  'a-certificate-has-expired',
  'the-disk-is-full',
  'restore-on-a-new-machine',
  'an-administrator-is-locked-out',
  'block-a-person-now',
  'move-to-another-tenant',
  'the-configuration-is-refused',
] as const

export type OperationCard = (typeof operationCards)[number]

/** As the log and commands name a card. */
export function cardPath(card: OperationCard): string {
  return `docs/operations.md#${card}`
}
