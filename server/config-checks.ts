import { binderProblems } from './binders.ts'
import type { Problem } from './runtime/config-problems.ts'
import type { Config } from './runtime/config-schema.ts'
import { containerEntries } from '../sync/container-entries.ts'

/** Checks of the configuration that need more than the configuration: given to `loadConfig`. */
export const domainChecks = [baseDnCheck, binderProblems]

function baseDnCheck(config: Config): readonly Problem[] {
  try {
    containerEntries(config)
    return []
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return [{ path: 'baseDn', value: undefined, message: message.replace(/^baseDn: /, '') }]
  }
}
