import { ChangeRefused, FieldsRefused } from '../../../server/directory/credentials/change-refused.ts'
import { RuleError } from '../../../sync/rules.ts'

/** What is wrong with a form: by path of the setting, and about none of the fields. */
export interface FormProblems {
  /** The message for a field, by the path of its setting; empty: nothing. Of a list also what is wrong with one of it. */
  of(path: string): string
  /** What no field of the form has shown. */
  rest(): string
}

export const noProblems: FormProblems = { of: () => '', rest: () => '' }

/** Throws what is no refusal. */
export function problemsOf(error: unknown): FormProblems {
  if (error instanceof RuleError || (error instanceof ChangeRefused && !(error instanceof FieldsRefused))) {
    const { message } = error
    return { of: () => '', rest: () => message }
  }
  if (!(error instanceof FieldsRefused)) throw error
  const shown = new Set<string>()
  return {
    of(path) {
      const own = error.problems.filter((problem) => problem.path === path || problem.path.startsWith(`${path}[`))
      for (const problem of own) shown.add(problem.path)
      return own.map(({ message }) => message).join('; ')
    },
    rest: () =>
      error.problems
        .filter(({ path }) => !shown.has(path))
        .map(({ path, message }) => `${path === '' ? '' : `${path}: `}${message}`)
        .join('; '),
  }
}
