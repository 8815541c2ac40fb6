import { z } from 'zod'
import { FieldsRefused } from '../../server/directory/credentials/change-refused.ts'
import { type ConfigCheck, configChecks } from '../../server/runtime/config-checks.ts'
import { type Problem, schemaMessage, schemaProblems } from '../../server/runtime/config-problems.ts'
import { type Config, managedProviderSchema, type ProviderConfig } from '../../server/runtime/config-schema.ts'

const wrapped = z.object({ providers: z.tuple([managedProviderSchema]) })

/** Settings as they were typed, with every default filled in. Throws FieldsRefused. */
export function parseDraft(draft: unknown): ProviderConfig {
  const written = { providers: [draft] }
  const parsed = wrapped.safeParse(written, { error: schemaMessage })
  if (!parsed.success) throw refusedFor(schemaProblems(parsed.error, written).map(fromProvider(0)))
  const [settings] = parsed.data.providers
  const unfit = notManagedHere(settings)
  if (unfit.length > 0) throw refusedFor(unfit)
  return settings
}

/** Files of this machine are named by who has this machine, and not on a page. */
function notManagedHere(settings: ProviderConfig): readonly Problem[] {
  const refused = (path: string, message: string) => [{ path, value: undefined, message }]
  if (settings.type === 'ldif')
    return refused('type', 'a file on this machine is named in the configuration file, and not here')
  const inFile = 'names a file on this machine, which only the configuration file may; use a secret'
  if (settings.type === 'okta') return settings.oauth === null ? [] : refused('oauth.privateKeyFile', inFile)
  return settings.credentials.flatMap((credential, index) =>
    'certificateFile' in credential ? refused(`credentials[${index}].certificateFile`, inFile) : [],
  )
}

/** What is wrong with the provider among the others. Throws FieldsRefused. */
export function checkAmongOthers(config: Config, id: string, checks: readonly ConfigCheck[]): void {
  const index = config.providers.findIndex((provider) => provider.id === id)
  const prefix = `providers[${index}].`
  const problems = [...configChecks, ...checks]
    .flatMap((check) => check(config))
    .filter(({ path }) => path.startsWith(prefix))
    .map(fromProvider(index))
  if (problems.length > 0) throw refusedFor(problems)
}

function fromProvider(index: number): (problem: Problem) => Problem {
  const prefix = `providers[${index}]`
  return (problem) => ({ ...problem, path: problem.path.replace(prefix, '').replace(/^\./, '') })
}

/** Paths begin at the provider: `filters.domains[0]`; empty for the provider as a whole. */
function refusedFor(problems: readonly Problem[]): FieldsRefused {
  return new FieldsRefused(
    problems.map(({ path, value, message }) => ({
      path,
      message: value === undefined ? message : `${value} ${message}`,
    })),
  )
}
