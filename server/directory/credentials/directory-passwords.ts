import type { PasswordChange, PasswordChangeResult, PasswordRule } from '../authentication/sign-in-services.ts'
import { clearedFailures, throttleKey, type ThrottleSubject } from '../authentication/throttle-records.ts'
import type { RecordChange, RecordReader } from '../directory-store.ts'
import {
  accountChange,
  type AccountRecord,
  activeBlock,
  credentialChange,
  type DirectoryPassword,
} from './credential-records.ts'
import { ChangeRefused } from './change-refused.ts'
import { ntHash, ntHashKey, removedNtHash } from './nt-hash.ts'
import { namesIn, type PasswordRefusal, passwordRefusal, usedBefore } from './password-policy.ts'
import { passwordText } from './password-text.ts'
import { randomText } from './random-text.ts'
import { accountOf, type Actor, changeSignIn, credentialsOf, type SignInContext } from './sign-in-context.ts'

export type PasswordOutcome =
  | { readonly set: true }
  | { readonly set: false; readonly why: 'policy'; readonly refusal: PasswordRefusal }
  /** The password is kept elsewhere; the message says where. */
  | { readonly set: false; readonly why: 'not-here'; readonly message: string }

/** Passwords that are set here. The old one, or a session that stands for it, is the caller's business unless `change` is used. */
export interface DirectoryPasswords {
  /** What is wrong with a new password of this person. */
  refusal(entryUUID: string, password: string): Promise<PasswordRefusal | undefined>
  /** `mustChange`: it is good for nothing but to set another. */
  set(
    entryUUID: string,
    password: string,
    options: { readonly mustChange?: boolean },
    by: Actor,
  ): Promise<PasswordOutcome>
  /** A generated one, to be told the person; it is good for nothing but to set another. Throws {@link ChangeRefused} when the password is kept elsewhere. */
  reset(entryUUID: string, by: Actor): Promise<string>
  /** The person signs in as somebody without one: with the provider's, if that may be. False when there is none. */
  remove(entryUUID: string, by: Actor): Promise<boolean>
  /** By the person, who knows the old one (RFC 3062). */
  change(request: PasswordChange): Promise<PasswordChangeResult>
}

const id = 'directory'
/** How many of somebody's last passwords are refused, the present one among them. */
const rememberedPasswords = 5

export function createDirectoryPasswords(context: SignInContext): DirectoryPasswords {
  const { directory, sealed, bcrypt, clock, config } = context
  const { store } = directory

  async function present(entryUUID: string): Promise<DirectoryPassword | undefined> {
    const record = (await credentialsOf(store, entryUUID)).get(id)
    return record?.kind === 'directory' ? record : undefined
  }

  /** Why the password of this entry is not set here. */
  async function kept(entryUUID: string): Promise<string | undefined> {
    const sources = directory.entryByUuid(entryUUID)?.attributes.get('rosterdSource') ?? []
    const file = config.providers.find(
      (provider) => provider.type === 'ldif' && sources.some((source) => String(source).startsWith(`${provider.id}:`)),
    )
    if (file !== undefined) return `The password is kept in the file of ${file.name}; change it there.`
    const credentials = [...(await credentialsOf(store, entryUUID)).values()]
    return credentials.some(({ kind }) => kind === 'imported')
      ? 'The password came with a file; change it there.'
      : undefined
  }

  async function refusal(entryUUID: string, typed: string): Promise<PasswordRefusal | undefined> {
    const password = passwordText(typed)
    const names = namesIn(directory.entryByUuid(entryUUID)?.attributes ?? new Map(), config.organization)
    const refused = await passwordRefusal(password, { minLength: config.passwords.minLength, names })
    if (refused !== undefined) return refused
    const before = await present(entryUUID)
    const once = before?.mustChange ? [before.hash] : []
    for (const hash of [...once, ...lastPasswords(before, await accountOf(store, entryUUID))])
      if (await bcrypt.compare(password, hash)) return usedBefore
    return undefined
  }

  function isBlocked(account: AccountRecord): boolean {
    return activeBlock(account, clock.now()) !== undefined
  }

  /** False when the password before it is not `expected` any more, or the person who expected it is blocked. */
  async function write(
    entryUUID: string,
    typed: string,
    by: Actor,
    { mustChange, expected }: { mustChange: boolean; expected?: DirectoryPassword },
  ): Promise<boolean> {
    const password = passwordText(typed)
    const hash = await bcrypt.hash(password, config.passwords.bcryptCost)
    return await changeSignIn(context, entryUUID, by, async () => {
      const before = await present(entryUUID)
      const account = await accountOf(store, entryUUID)
      if (expected !== undefined && (before?.hash !== expected.hash || isBlocked(account))) return undefined
      const previous = lastPasswords(before, account).slice(0, rememberedPasswords - 1)
      const setAt = clock.now().toISOString()
      return {
        records: [
          credentialChange(entryUUID, id, { kind: 'directory', hash, setAt, mustChange, previous }),
          accountChange(entryUUID, { ...account, formerPasswords: [] }),
          config.passwords.ntHash && !mustChange
            ? await sealed.seal(ntHashKey(entryUUID), ntHash(password))
            : removedNtHash(entryUUID),
          ...(by.kind === 'admin' ? await forgottenFailures(store, entryUUID) : []),
        ],
        event: 'password set',
        details: { mustChange },
      }
    })
  }

  async function set(
    entryUUID: string,
    password: string,
    { mustChange = false }: { mustChange?: boolean },
    by: Actor,
  ): Promise<PasswordOutcome> {
    const message = await kept(entryUUID)
    if (message !== undefined) return { set: false, why: 'not-here', message }
    const refused = await refusal(entryUUID, password)
    if (refused !== undefined) return { set: false, why: 'policy', refusal: refused }
    await write(entryUUID, password, by, { mustChange })
    return { set: true }
  }

  async function reset(entryUUID: string, by: Actor): Promise<string> {
    const message = await kept(entryUUID)
    if (message !== undefined) throw new ChangeRefused(message)
    const password = generatedPassword()
    await write(entryUUID, password, by, { mustChange: true })
    return password
  }

  function remove(entryUUID: string, by: Actor): Promise<boolean> {
    return changeSignIn(context, entryUUID, by, async () => {
      const before = await present(entryUUID)
      if (before === undefined) return undefined
      const account = withoutPassword(await accountOf(store, entryUUID), before)
      return {
        records: [
          credentialChange(entryUUID, id, undefined),
          removedNtHash(entryUUID),
          accountChange(entryUUID, account),
        ],
        event: 'password removed',
      }
    })
  }

  async function change({ entryUUID, newPassword, ...typed }: PasswordChange): Promise<PasswordChangeResult> {
    const oldPassword = passwordText(typed.oldPassword)
    const message = await kept(entryUUID)
    if (message !== undefined) return { changed: false, why: 'not-here', message }
    const expected = await present(entryUUID)
    if (expected === undefined)
      return { changed: false, why: 'not-here', message: 'You have no password here that could be changed.' }
    const wrong = { changed: false, why: 'wrong-old', message: 'The old password is wrong.' } as const
    if (!isPossible(oldPassword) || !(await bcrypt.compare(oldPassword, expected.hash))) return wrong
    // Who took over an account that was blocked since must not have a new password when the block ends.
    if (isBlocked(await accountOf(store, entryUUID))) return wrong
    const refused = newPassword === undefined ? undefined : await refusal(entryUUID, newPassword)
    if (refused !== undefined)
      return { changed: false, why: 'policy', rule: ruleOf(refused.code), message: refused.message }
    const generated = newPassword === undefined ? generatedPassword() : undefined
    const by = { kind: 'user', id: entryUUID } as const
    const written = await write(entryUUID, newPassword ?? generated ?? '', by, { mustChange: false, expected })
    return written ? { changed: true, generated } : wrong
  }

  return { refusal, set, reset, remove, change }
}

/** Hashes of what the person had lately, latest first. What somebody was given for once is no password of theirs. */
function lastPasswords(record: DirectoryPassword | undefined, account: AccountRecord): readonly string[] {
  const own = record === undefined || record.mustChange ? [] : [record.hash]
  return [...own, ...(record?.previous ?? []), ...(account.formerPasswords ?? [])].slice(0, rememberedPasswords)
}

/** What is known of a person whose directory password is taken away. */
export function withoutPassword(account: AccountRecord, record: DirectoryPassword | undefined): AccountRecord {
  return { ...account, formerPasswords: lastPasswords(record, account) }
}

/** Who is helped with a new password is let in with it, however often the old one was tried. */
async function forgottenFailures(store: RecordReader, entryUUID: string): Promise<readonly RecordChange[]> {
  const account = { kind: 'person', id: entryUUID } as const
  const subjects: ThrottleSubject[] = [{ kind: 'account', account }]
  for await (const { key } of store.list('throttle', ['pair', account.kind, account.id])) {
    const pair = throttleKey.parse(key)
    if (pair) subjects.push(pair)
  }
  return clearedFailures(subjects)
}

/** 100 bits. */
function generatedPassword(): string {
  return randomText(5, 5, 5, 5)
}

/** bcrypt takes a longer password for its beginning. */
function isPossible(password: string): boolean {
  return Buffer.byteLength(password) <= 72 && !password.includes('\0')
}

function ruleOf(code: PasswordRefusal['code']): PasswordRule {
  switch (code) {
    case 'tooShort':
      return 'too-short'
    case 'tooLong':
      return 'too-long'
    case 'weak':
    case 'containsName':
      return 'weak'
    case 'used':
      return 'used-before'
    default:
      return code satisfies never
  }
}
