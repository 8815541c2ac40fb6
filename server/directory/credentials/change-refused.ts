/** A change that cannot be made as asked. The message says what to do instead, and may be shown to the person. */
export class ChangeRefused extends Error {
  override readonly name = 'ChangeRefused'
}

/** One that several fields of what was asked stand in the way of. */
export class FieldsRefused extends ChangeRefused {
  /** Paths as in the configuration, such as `scope.subtrees[0]`. */
  readonly problems: readonly { readonly path: string; readonly message: string }[]

  constructor(problems: FieldsRefused['problems']) {
    super(problems.map(({ path, message }) => `${path}: ${message}`).join('; '))
    this.problems = problems
  }
}
