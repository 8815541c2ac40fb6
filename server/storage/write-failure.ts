import { StoreError } from './store-error.ts'

interface Kind {
  readonly code: string
  /** How the C library says it, which is all that LevelDB passes on. */
  readonly text: string
  readonly remedy: string
}

const kinds: readonly Kind[] = [
  { code: 'ENOSPC', text: 'No space left on device', remedy: 'make room on that disk' },
  { code: 'EDQUOT', text: 'Disk quota exceeded', remedy: 'make room below the quota of its user' },
  { code: 'EFBIG', text: 'File too large', remedy: 'raise the limit of file sizes (ulimit -f)' },
  {
    code: 'EROFS',
    text: 'Read-only file system',
    remedy: 'look into the system log for why, and mount it for writing',
  },
  { code: 'EIO', text: 'Input/output error', remedy: 'look at the disk and the system log' },
  { code: 'EACCES', text: 'Permission denied', remedy: 'give its user the right to write there' },
  { code: 'EMFILE', text: 'Too many open files', remedy: 'raise the limit of open files (ulimit -n)' },
]
const otherwise = 'make sure that the disk has room and works'

/** Why the system does not take what is written, and what to do; undefined: it was something else. */
export function writeRefusal(cause: unknown): { readonly what: string; readonly remedy: string } | undefined {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  const reason = reasonOf(cause).toLowerCase()
  const kind = kinds.find((one) => one.code === code || reason.includes(one.text.toLowerCase()))
  return kind && { what: `${kind.code}: ${kind.text.toLowerCase()}`, remedy: kind.remedy }
}

/** Names the folder, why it could not be written, and what to do. */
export function writeFailed(directory: string, cause: unknown): StoreError {
  const { what, remedy } = writeRefusal(cause) ?? { what: reasonOf(cause), remedy: otherwise }
  return new StoreError(
    'writeFailed',
    `The store in "${directory}" cannot be written (${what}). LDAP and reading go on; ${remedy}, then changes are taken again, without a restart.`,
    { cause },
  )
}

/** For work that is begun again by hand. `what` begins the sentence that is thrown when the system takes no more. */
export async function sayingWhatIsRefused<T>(what: string, work: () => Promise<T>): Promise<T> {
  return await work().catch((error: unknown) => {
    // What has no code is a sentence already.
    const refusal = error instanceof Error && 'code' in error ? writeRefusal(error) : undefined
    if (refusal === undefined) throw error
    const cause = error instanceof StoreError ? error.cause : error
    throw new Error(`${what} cannot be written (${refusal.what}): ${refusal.remedy}, and try again`, { cause })
  })
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
