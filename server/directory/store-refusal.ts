/**
 * Whether a change was refused because the store cannot be written, such as on a full disk. The message names its folder,
 * the cause and what to do: it is for operators.
 */
export function isStoreRefusal(error: unknown): error is Error {
  return error instanceof Error && error.name === 'StoreError' && 'code' in error && error.code === 'writeFailed'
}

/** For everybody else. */
export const storeRefusalForPeople =
  'The server cannot keep changes at present, and nothing was changed. Try again later; an administrator finds the reason on the Overview and in the log.'
