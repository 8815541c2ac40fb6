/** A change that cannot be made as asked. The message says what to do instead, and may be shown to the person. */
export class ChangeRefused extends Error {
  override readonly name = 'ChangeRefused'
}
