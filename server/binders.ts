import { type Binder, binderOf, secretHash } from './directory/authentication/binder-registry.ts'
import type { BinderSettings } from './directory/credentials/binder-records.ts'
import { FieldsRefused } from './directory/credentials/change-refused.ts'
import { configuredSecretId, storedScope } from './directory/credentials/binders.ts'
import { normalizeDn } from './protocol/distinguished-name.ts'
import { parseFilter } from './protocol/filter-string.ts'
import type { Problem } from './runtime/config-problems.ts'
import { binderSchema, type Config, type SecretSource } from './runtime/config-schema.ts'
import { networkProblem } from './runtime/networks.ts'
import type { Secret } from './runtime/secret.ts'

/** The binders of the configuration: how they sign in and what they may see. */
export async function readBinders(
  { binders }: Pick<Config, 'binders'>,
  readSecret: (source: SecretSource) => Promise<Secret>,
): Promise<readonly Binder[]> {
  const found: Binder[] = []
  for (const { name, password, scope, ...settings } of binders) {
    const secret = (await readSecret(password)).reveal()
    found.push(
      binderOf(name, { ...settings, scope: storedScope(scope) }, [
        { id: configuredSecretId, sha256: secretHash(secret), endsAtMs: Number.POSITIVE_INFINITY },
      ]),
    )
  }
  return found
}

/** What is wrong with the binders that the schema cannot see. */
export function binderProblems({ binders }: Pick<Config, 'binders'>): readonly Problem[] {
  return binders.flatMap(({ scope, networks }, index) => [
    ...networks.flatMap((text, i) => problem(`binders[${index}].networks[${i}]`, text, networkProblem(text))),
    ...(scope === 'tree'
      ? []
      : scope.subtrees.flatMap((dn, i) =>
          problem(
            `binders[${index}].scope.subtrees[${i}]`,
            dn,
            errorOf(() => normalizeDn(dn)),
          ),
        )),
    ...(scope === 'tree' || scope.filter === undefined
      ? []
      : problem(
          `binders[${index}].scope.filter`,
          scope.filter,
          errorOf(() => parseFilter(scope.filter ?? '')),
        )),
  ])
}

function problem(path: string, value: string, message: string | undefined): Problem[] {
  return message === undefined ? [] : [{ path, value: JSON.stringify(value), message }]
}

/** The parser's own words, without the value that the problem shows anyway. */
function errorOf(parse: () => unknown): string | undefined {
  try {
    parse()
    return undefined
  } catch (error) {
    return (error instanceof Error ? error.message : String(error)).replace(/^".*" (?=is not)/s, '')
  }
}

/** A binder as commands and pages describe it. Throws {@link FieldsRefused}. */
export function checkedBinder(input: unknown): { readonly name: string; readonly settings: BinderSettings } {
  const parsed = binderSchema.omit({ password: true }).safeParse(input)
  if (!parsed.success)
    throw new FieldsRefused(parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message })))
  const { name, ...settings } = parsed.data
  const problems = binderProblems({ binders: [{ ...parsed.data, password: '' }] })
  if (problems.length > 0)
    throw new FieldsRefused(
      problems.map(({ path, value, message }) => ({
        path: path.replace(/^binders\[0\]\./, ''),
        message: `${value} ${message}`,
      })),
    )
  return { name, settings: { ...settings, scope: storedScope(settings.scope) } }
}
