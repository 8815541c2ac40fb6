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

/** Names the folder, why it could not be written, and what to do. */
export function writeFailed(directory: string, cause: unknown): StoreError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  const kind = kinds.find((one) => one.code === code || reason.toLowerCase().includes(one.text.toLowerCase()))
  const what = kind === undefined ? reason : `${kind.code}: ${kind.text.toLowerCase()}`
  return new StoreError(
    'writeFailed',
    `The store in "${directory}" cannot be written (${what}). LDAP and reading go on; ${kind?.remedy ?? otherwise}, then changes are taken again, without a restart.`,
    { cause },
  )
}
