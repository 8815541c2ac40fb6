/** An entry of either directory, reduced to what is compared. */
export interface PlainEntry {
  readonly dn: string
  /** By attribute type in lower case. */
  readonly attributes: ReadonlyMap<string, readonly string[]>
}

/** What is read of an entry, and no more. */
export const readAttributes = [
  'objectClass',
  'entryUUID',
  'uid',
  'sAMAccountName',
  'cn',
  'mail',
  'employeeNumber',
  'uidNumber',
  'gidNumber',
  'homeDirectory',
  'loginShell',
  'sshPublicKey',
  'member',
  'uniqueMember',
  'memberUid',
  'memberOf',
  'rosterdSource',
] as const

const wanted = new Set<string>(readAttributes.map((name) => name.toLowerCase()))

/** Attribute options such as `;lang-de` are dropped, values that are not text read octet by octet. */
export function plainEntry(
  dn: string,
  attributes: Iterable<readonly [description: string, values: readonly (string | Uint8Array)[]]>,
): PlainEntry {
  const kept = new Map<string, readonly string[]>()
  for (const [description, values] of attributes) {
    const type = description.toLowerCase().split(';', 1)[0] ?? ''
    if (wanted.has(type)) kept.set(type, [...(kept.get(type) ?? []), ...values.map(text)])
  }
  return { dn, attributes: kept }
}

function text(value: string | Uint8Array): string {
  return typeof value === 'string' ? value : Buffer.from(value).toString('latin1')
}
