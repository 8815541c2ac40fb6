/** What can differ, in the order it is reported. */
export const comparedAttributes = [
  'uid',
  'cn',
  'dn',
  'uidNumber',
  'gidNumber',
  'homeDirectory',
  'loginShell',
  'mail',
  'sshPublicKey',
  'members',
] as const
export type ComparedAttribute = (typeof comparedAttributes)[number]

/** By what people are recognized, in this order. */
export const matchFields = ['uid', 'mail', 'employeeNumber'] as const
export type PersonMatchField = (typeof matchFields)[number]
