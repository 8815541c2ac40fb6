import { csvOf, type ExportedId, exportIds } from '../../sync/identities/identity-export.ts'
import { type ImportResult, planImport } from '../../sync/identities/identity-import.ts'
import { type ImportFormat, parseImport } from '../../sync/identities/import-files.ts'
import type { MatchField } from '../../sync/identities/reservations.ts'
import { sourcePeople } from '../../sync/identities/source-people.ts'
import { readLedgers } from '../../sync/ledgers.ts'
import type { CloudProviderConfig } from '../runtime/config-schema.ts'
import type { Workspace } from '../workspace.ts'
import { type Command, ExitCode } from './command.ts'

/** `rosterd ids export`: the whole ledger. */
export const idsExportCommand: Command<object, readonly ExportedId[]> = {
  name: 'ids-export',
  execute: ({ directory }) => exportIds(directory.store),
  text: csvOf,
  exitCode: () => ExitCode.ok,
}

export interface IdsImportInput {
  /** What the file holds. */
  readonly text: string
  readonly format: ImportFormat
  /** Whose people the file means; the only cloud provider when undefined. */
  readonly provider?: string | undefined
  readonly match: MatchField
  readonly dryRun: boolean
  readonly skipConflicts: boolean
  readonly by: string
}

export interface IdsImportReport {
  readonly results: readonly ImportResult[]
  readonly written: boolean
  readonly dryRun: boolean
}

/** `rosterd ids import`: numbers and identities of a file, all of them or, after a report of the conflicts, none. */
export const idsImportCommand: Command<IdsImportInput, IdsImportReport> = {
  name: 'ids-import',
  execute: (workspace, input) => workspace.engine.exclusively(() => importIds(workspace, input)),
  text({ results, written, dryRun }) {
    const counts = (['restore', 'reserve', 'keep', 'conflict'] as const).map(
      (action) => `${results.filter((result) => result.action === action).length} ${words[action]}`,
    )
    const conflicts = results.filter(({ action }) => action === 'conflict')
    const lines = conflicts.map(({ line, whose, reason }) => `conflict in line ${line}: ${whose}: ${reason}\n`)
    const end = written ? 'Written.' : dryRun ? 'Dry run: nothing was written.' : 'Nothing was written.'
    const advice = !written && !dryRun && conflicts.length > 0 ? ' Correct the file, or use --skip-conflicts.' : ''
    return `${lines.join('')}${counts.join(', ')}. ${end}${advice}\n`
  },
  exitCode: ({ results, written }) =>
    !written && results.some(({ action }) => action === 'conflict') ? ExitCode.failed : ExitCode.ok,
}

const words = { restore: 'restored', reserve: 'kept for newcomers', keep: 'known', conflict: 'in conflict' }

async function importIds(workspace: Workspace, input: IdsImportInput): Promise<IdsImportReport> {
  const { directory, config, clock } = workspace
  const { store } = directory
  const rows = parseImport(input.text, input.format)
  const ledgers = await readLedgers(store)
  const provider = importProvider(workspace, input.provider)
  const settings = { naming: config.naming, provider: provider?.config }
  const plan = planImport({
    rows,
    by: input.match,
    ledgers,
    rules: config.posix,
    tenant: provider?.tenant,
    people: provider && (await sourcePeople(store, provider.config.id, provider.tenant, settings, ledgers)),
    entryWith: numbersOfEntries(workspace),
    now: clock.now().toISOString(),
  })
  const isClean = plan.results.every(({ action }) => action !== 'conflict')
  const written = !input.dryRun && (isClean || input.skipConflicts)
  if (written && plan.records.length > 0)
    await directory.commit({ cause: { kind: 'admin', id: input.by }, entries: [], records: plan.records })
  return { results: plan.results, written, dryRun: input.dryRun }
}

function importProvider({ config, providers }: Workspace, wanted: string | undefined) {
  const clouds = config.providers.filter((p): p is CloudProviderConfig => p.type !== 'ldif')
  const chosen =
    wanted === undefined ? (clouds.length === 1 ? clouds[0] : undefined) : clouds.find(({ id }) => id === wanted)
  if (chosen === undefined && wanted !== undefined)
    throw new Error(
      `--provider: there is no cloud provider "${wanted}"; configured are ${clouds.map(({ id }) => id).join(', ')}`,
    )
  const tenant = providers.find(({ id }) => id === chosen?.id)?.tenant
  return chosen === undefined || tenant === undefined ? undefined : { config: chosen, tenant }
}

/** DNs of entries by number. */
function numbersOfEntries({ directory }: Workspace): (number: number) => string | undefined {
  const dns = new Map<number, string>()
  for (const { dn, attributes } of directory.entries())
    for (const value of [attributes.get('uidNumber') ?? attributes.get('gidNumber') ?? []].flat())
      dns.set(Number(value), dn)
  return (number) => dns.get(number)
}
