import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { isDeepStrictEqual } from 'node:util'
import { createLine } from '../sync/line.ts'
import type { Logger } from '../sync/logger.ts'
import type { Clock } from './runtime/clock.ts'
import type { LoadedConfig } from './runtime/config.ts'
import { type ConfigChanges, configChanges } from './runtime/config-changes.ts'
import { settingFiles } from './runtime/config-paths.ts'
import { ConfigError } from './runtime/config-problems.ts'
import type { Config } from './runtime/config-schema.ts'
import { cardPath } from './runtime/operation-cards.ts'
import { fileRevision } from './runtime/file-revision.ts'

/** What became of the configuration file when it was read again. */
export interface ReloadReport extends Pick<ConfigChanges, 'changed' | 'needsRestart'> {
  /** Sentences. While there are any, nothing of the file is in force, and what was before stays. */
  readonly problems: readonly string[]
}

export interface ConfigReload {
  /** Reads the file, and takes over what it can. */
  reload(): Promise<ReloadReport>
  /** Of the last time that the file was read. */
  last(): Pick<ReloadReport, 'problems' | 'needsRestart'>
  /** Looks for changes of the file, and of files of secrets and keys that it names, until the signal aborts. */
  run(signal: AbortSignal): Promise<void>
}

export interface ConfigReloadParts {
  readonly loaded: LoadedConfig
  /** Throws ConfigError. */
  readonly load: () => Promise<LoadedConfig>
  /** Throws for what cannot be used. `isForSync`: what works with the providers has to be replaced. */
  readonly use: (config: Config, isForSync: boolean) => Promise<void>
  readonly clock: Pick<Clock, 'sleep'>
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>
}

/** How often the files are looked at. */
const lookEveryMs = 10_000
/** What means nothing to a run. */
const besideSync = /^(admin|backup|ldap|log)\.|^retention\.(changeLogDays|bindLogDays)$/

/** Takes over changes of the configuration while the server goes on. */
export async function createConfigReload(parts: ConfigReloadParts): Promise<ConfigReload> {
  const { load, use, clock, logger } = parts
  const inLine = createLine()
  let inForce = parts.loaded.config
  let prints = await filePrints(inForce)
  let last: ReloadReport = { problems: [], changed: [], needsRestart: [] }
  const watched = () => [parts.loaded.path, ...settingFiles(inForce).map(({ file }) => file)]
  const firstRevision = await fileRevision(watched())

  async function takeOver(): Promise<ReloadReport> {
    const { config: next } = await load()
    const { config, changed: settings, needsRestart } = configChanges(next, inForce)
    const printsNow = await filePrints(config)
    const contents = [...printsNow].flatMap(([path, print]) =>
      !settings.some((one) => path.startsWith(one)) && prints.get(path) !== print ? [path] : [],
    )
    const changed = [...settings, ...contents]
    if (changed.length > 0) {
      await use(
        config,
        changed.some((path) => !besideSync.test(path)),
      )
      inForce = config
      prints = printsNow
    }
    return { problems: [], changed, needsRestart }
  }

  async function reload(): Promise<ReloadReport> {
    try {
      last = await takeOver()
      logger.info({ changed: last.changed }, 'configuration read')
      if (last.needsRestart.length > 0)
        logger.warn({ settings: last.needsRestart }, 'configuration needs a restart for some settings')
    } catch (error) {
      const problems = (error instanceof Error ? error.message : String(error)).split('\n')
      // It is tried again and again.
      const isKnown = isDeepStrictEqual(problems, last.problems)
      last = { problems, changed: [], needsRestart: last.needsRestart }
      const card = cardPath('the-configuration-is-refused')
      const err = error instanceof ConfigError ? {} : { err: error }
      if (!isKnown) logger.error({ problems, card, ...err }, 'configuration refused; the one before stays')
    }
    return last
  }

  return {
    reload: () => inLine(reload),
    last: () => last,
    async run(signal) {
      let files = watched()
      let seen = firstRevision
      while (!signal.aborted) {
        await clock.sleep(lookEveryMs, signal).catch(() => undefined)
        if (signal.aborted) return
        const now = await fileRevision(files)
        // What is refused may name files that are still to be written.
        if (now !== seen || last.problems.length > 0) await inLine(reload)
        const filesNow = watched()
        seen = isDeepStrictEqual(files, filesNow) ? now : await fileRevision(filesNow)
        files = filesNow
      }
    },
  }
}

/** Another text for other contents, by the setting that names the file. */
async function filePrints(config: Config): Promise<ReadonlyMap<string, string>> {
  const prints = settingFiles(config).map(async ({ path, file }) => {
    const octets = await readFile(file).catch(() => Buffer.alloc(0))
    return [path, createHash('sha256').update(octets).digest('base64')] as const
  })
  return new Map(await Promise.all(prints))
}
