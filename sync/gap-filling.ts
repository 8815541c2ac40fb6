import type { SourceUser } from './identity.ts'

/** A person as one provider has it, with what its mapping gives. */
export interface Portrait {
  readonly user: SourceUser
  readonly mapped: ReadonlyMap<string, readonly string[]>
}

/** What lets people in comes from the provider that authenticates them alone. */
const signsIn = new Set(['sshPublicKey'])

/** The portrait without what would let somebody in. */
export function withoutSignIn({ user, mapped }: Portrait): Portrait {
  return { user, mapped: new Map([...mapped].filter(([name]) => !signsIn.has(name))) }
}

/** The first portrait, with what it lacks from the others, in order. */
export function fillGaps(first: Portrait, others: readonly Portrait[]): Portrait {
  return others.reduce((filled, { user, mapped }) => {
    const additions = [...mapped].filter(
      ([name]) => !filled.mapped.has(name) && !signsIn.has(name) && !saysItself(filled.user, name),
    )
    return { user: filledUser(filled.user, user), mapped: new Map([...filled.mapped, ...additions]) }
  }, first)
}

function filledUser(own: SourceUser, other: SourceUser): SourceUser {
  const list = (name: 'telephoneNumbers' | 'mobileNumbers') => (own[name].length > 0 ? own[name] : other[name])
  return {
    ...own,
    names: {
      ...own.names,
      sAMAccountName: own.names.sAMAccountName ?? other.names.sAMAccountName,
      userPrincipalName: own.names.userPrincipalName ?? other.names.userPrincipalName,
    },
    displayName: own.displayName ?? other.displayName,
    givenName: own.givenName ?? other.givenName,
    surname: own.surname ?? other.surname,
    mail: own.mail ?? other.mail,
    aliases: own.mail === null && own.aliases.length === 0 ? other.aliases : own.aliases,
    telephoneNumbers: list('telephoneNumbers'),
    mobileNumbers: list('mobileNumbers'),
    title: own.title ?? other.title,
    department: own.department ?? other.department,
    employeeNumber: own.employeeNumber ?? other.employeeNumber,
    preferredLanguage: own.preferredLanguage ?? other.preferredLanguage,
  }
}

/** Whether the person has the attribute without any mapping. */
function saysItself(user: SourceUser, attribute: string): boolean {
  switch (attribute) {
    case 'sn':
      return user.surname !== null
    case 'departmentNumber':
      return user.department !== null
    case 'telephoneNumber':
      return user.telephoneNumbers.length > 0
    case 'mobile':
      return user.mobileNumbers.length > 0
    case 'sAMAccountName':
    case 'userPrincipalName':
      return user.names[attribute] !== null
    case 'givenName':
    case 'displayName':
    case 'title':
    case 'employeeNumber':
    case 'preferredLanguage':
      return user[attribute] !== null
    default:
      return false
  }
}
