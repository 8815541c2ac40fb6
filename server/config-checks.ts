import { binderProblems } from './binders.ts'
import type { Problem } from './runtime/config-problems.ts'
import type { Config } from './runtime/config-schema.ts'
import { mappingProblems } from '../sync/attribute-mapping.ts'
import { containerEntries } from '../sync/container-entries.ts'

/** Checks of the configuration that need more than the configuration: given to `loadConfig`. */
export const domainChecks = [baseDnCheck, binderProblems, mappingCheck]

function baseDnCheck(config: Config): readonly Problem[] {
  try {
    containerEntries(config)
    return []
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return [{ path: 'baseDn', value: undefined, message: message.replace(/^baseDn: /, '') }]
  }
}

function mappingCheck({ providers }: Config): readonly Problem[] {
  return providers.flatMap((provider, index) =>
    provider.type === 'ldif'
      ? []
      : mappingProblems(provider).map((problem) => at(`providers[${index}].attributes`, problem)),
  )
}

function at(path: string, { attribute, message }: { attribute: string; message: string }): Problem {
  return { path: `${path}.${attribute}`, value: undefined, message }
}
