import type { CloudProviderConfig, Config } from '../server/runtime/config-schema.ts'
import type { SourceUser } from './identity.ts'
import { textField } from './record-fields.ts'
import { cut } from './reserved-names.ts'

/** The longest user name hosts accept (useradd, utmp). */
export const maxUserNameLength = 32

/** How a provider's user names are made; its own settings win over `naming`. */
export interface UserNameRule {
  readonly attribute: string
  readonly strip: 'domain' | 'none'
  readonly fallback: Config['naming']['fallback']
  readonly posixSafe: boolean
}

export function userNameRule(naming: Config['naming'], provider: CloudProviderConfig): UserNameRule {
  return {
    attribute: provider.usernameAttribute ?? naming.usernameAttribute,
    strip: provider.strip ?? naming.strip,
    fallback: naming.fallback,
    posixSafe: naming.posixSafe,
  }
}

/** The name a person would have if it were free; undefined when the record gives none. */
export function wantedUserName(user: SourceUser, rule: UserNameRule): string | undefined {
  const source = sourceValue(user, rule)
  if (source === undefined) return undefined
  const stripped = rule.strip === 'domain' ? localPart(source) : source
  const name = rule.posixSafe ? posixSafe(stripped) : cut(stripped.normalize('NFC').toLowerCase().trim(), 64)
  return name === '' ? undefined : name
}

function sourceValue(user: SourceUser, rule: UserNameRule): string | undefined {
  const candidate = candidateOf(user, rule.attribute)
  if (candidate !== null) return candidate
  switch (rule.fallback) {
    case 'upnLocalPart':
      return localPartOf(user.names.userPrincipalName ?? user.names.login)
    case 'mailLocalPart':
      return localPartOf(user.names.mail)
    case 'none':
      return undefined
    default:
      return rule.fallback satisfies never
  }
}

function candidateOf(user: SourceUser, attribute: string): string | null {
  const { names } = user
  switch (attribute) {
    case 'sAMAccountName':
    case 'userPrincipalName':
    case 'mail':
    case 'login':
      return names[attribute]
    default:
      return textField(user.record, attribute) ?? textField(asProfile(user), attribute)
  }
}

/** Custom attributes of some vendors sit one level down. */
function asProfile(user: SourceUser) {
  const profile = user.record.profile
  return typeof profile === 'object' && profile !== null && !Array.isArray(profile)
    ? (profile as SourceUser['record'])
    : {}
}

function localPartOf(address: string | null): string | undefined {
  return address === null ? undefined : localPart(address)
}

/** A guest's `name_host#EXT#@tenant` keeps its whole local part; `#` is made safe like any other character. */
function localPart(address: string): string {
  const at = address.lastIndexOf('@')
  return at > 0 ? address.slice(0, at) : address
}

/** `[a-z_][a-z0-9_.-]*`, at most 32 long: what shadow-utils, sssd and NFS agree on. */
function posixSafe(text: string): string {
  const ascii = transliterate(text.toLowerCase().replace(/#ext#/g, '').replace(/@/g, '.'))
  const safe = ascii
    .replace(/[^a-z0-9_.-]+/g, '')
    .replace(/^[.-]+/, '')
    .replace(/^(?=[0-9])/, '_')
  return cut(safe, maxUserNameLength).replace(/[.-]+$/, '')
}

/** Letters that do not decompose into an ASCII letter and marks. */
const letters: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ß: 'ss',
    æ: 'ae',
    œ: 'oe',
    ø: 'o',
    ð: 'd',
    þ: 'th',
    ł: 'l',
    đ: 'd',
    ħ: 'h',
    ı: 'i',
    ŋ: 'n',
    ŧ: 't',
  }),
)

/** Nearest ASCII letters; what has none is left as it is. */
export function transliterate(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{Mark}+/gu, '')
    .replace(/[^\u0000-\u007f]/gu, (letter) => letters.get(letter) ?? letter)
}
