/** A password with the code of a second factor behind it. */
export interface PasswordAndCode {
  readonly password: Buffer
  readonly code: string
}

// Six digits of an app, or a recovery code in any way of writing it.
const form = /,(\d{6}|[a-z2-7]{4}-?[a-z2-7]{4}-?[a-z2-7]{4})$/i

/**
 * `password,123456`, or a recovery code in place of the digits. undefined without one. Only for people who have a second
 * factor: a password may end in what looks like a code.
 */
export function splitCode(typed: Buffer): PasswordAndCode | undefined {
  const tail = typed.subarray(-longestTail).toString('latin1')
  const [suffix, code] = form.exec(tail) ?? []
  if (suffix === undefined || code === undefined) return undefined
  return { password: typed.subarray(0, typed.length - suffix.length), code }
}

const longestTail = ',xxxx-xxxx-xxxx'.length
