import type { BinderRights } from './directory/access-control.ts'
import type { BinderAccount } from './directory/authentication/binder-check.ts'
import { normalizeDn } from './protocol/distinguished-name.ts'
import { parseFilter } from './protocol/filter-string.ts'
import type { Problem } from './runtime/config-problems.ts'
import type { Config, SecretSource } from './runtime/config-schema.ts'
import { networkProblem, networkTest } from './runtime/networks.ts'
import type { Secret } from './runtime/secret.ts'

/** The binders of the configuration: how they sign in and what they may see. */
export async function readBinders(
  { binders }: Pick<Config, 'binders'>,
  readSecret: (source: SecretSource) => Promise<Secret>,
): Promise<{ accounts: readonly BinderAccount[]; rights: readonly BinderRights[] }> {
  const accounts: BinderAccount[] = []
  const rights: BinderRights[] = []
  for (const { name, password, scope, attributes, networks, requireTls, grants } of binders) {
    accounts.push({
      name,
      password: (await readSecret(password)).reveal(),
      isAllowedFrom: networkTest(networks),
      requireTls,
    })
    rights.push({
      name,
      scope:
        scope === 'tree'
          ? scope
          : {
              subtrees: scope.subtrees.map((dn) => normalizeDn(dn)),
              filter: scope.filter === undefined ? undefined : parseFilter(scope.filter),
            },
      attributes,
      ntHash: grants.includes('ntHash'),
      mayNotSearch: grants.includes('mayNotSearch'),
    })
  }
  return { accounts, rights }
}

/** What is wrong with the binders that the schema cannot see. */
export function binderProblems({ binders }: Config): readonly Problem[] {
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
