import { parseRelinkPairs } from '../../sync/identities/import-files.ts'
import { matchPeople, planRelink, planUndo, type RelinkPlan, undoChange } from '../../sync/identities/relink.ts'
import type { MatchField } from '../../sync/identities/reservations.ts'
import { sourcePeople } from '../../sync/identities/source-people.ts'
import { identityKey, type Ledgers, readLedgers } from '../../sync/ledgers.ts'
import type { CloudProviderConfig } from '../runtime/config-schema.ts'
import type { Workspace } from '../workspace.ts'
import { type Command, ExitCode } from './command.ts'

export interface RelinkInput {
  /** Provider ids; the first may be one that is not configured any more. */
  readonly from: string
  readonly to: string
  /** By what people are matched, or a CSV file with the columns `from` and `to`. */
  readonly match: MatchField | { readonly csv: string }
  readonly dryRun: boolean
  readonly by: string
}

export type RelinkReport = Omit<RelinkPlan, 'records'> & { readonly written: boolean }

/** `rosterd ids relink`: the identities of one provider's people and groups go to those of another. */
export const relinkCommand: Command<RelinkInput, RelinkReport> = {
  name: 'ids-relink',
  execute: (workspace, input) => workspace.engine.exclusively(() => relink(workspace, input)),
  text: ({ moves, left, written }) =>
    [
      ...moves.map(({ from, to, kind, number, retires }) => {
        const loss = retires === null ? '' : ` (${to} gives up ${retires})`
        return `${kind} ${number}: ${from} -> ${to}${loss}\n`
      }),
      ...left.map(({ id, reason }) => `not moved: ${id}: ${reason}\n`),
      `${moves.length} moved, ${left.length} not. ${written ? 'Written; "rosterd ids relink --undo" takes it back. The next run of any provider serves it.' : 'Nothing was written.'}\n`,
    ].join(''),
  exitCode: () => ExitCode.ok,
}

/** `rosterd ids relink --undo`: the last relink never was, unless later changes stand against it. */
export const relinkUndoCommand: Command<{ readonly by: string }, { time: string; problems: readonly string[] }> = {
  name: 'ids-relink-undo',
  execute: ({ engine, directory }, { by }) =>
    engine.exclusively(async () => {
      const { time, records, problems } = await planUndo(directory.store)
      if (problems.length === 0) await directory.commit({ cause: { kind: 'admin', id: by }, entries: [], records })
      return { time, problems }
    }),
  text: ({ time, problems }) =>
    problems.length === 0
      ? `The relink of ${time} is undone. The next run of any provider serves it.\n`
      : `The relink of ${time} cannot be undone:\n${problems.map((problem) => `  ${problem}\n`).join('')}`,
  exitCode: ({ problems }) => (problems.length === 0 ? ExitCode.ok : ExitCode.failed),
}

async function relink(workspace: Workspace, input: RelinkInput): Promise<RelinkReport> {
  const { directory, clock } = workspace
  const { store } = directory
  const now = clock.now().toISOString()
  const ledgers = await readLedgers(store)
  const [from, to] = [await side(workspace, input.from, ledgers), await side(workspace, input.to, ledgers)]
  const { pairs, left } = await matched(workspace, input, from, to, ledgers)
  const plan = await planRelink(pairs, ledgers, now)
  const written = !input.dryRun && plan.moves.length > 0
  if (written) {
    const records = [...plan.records, await undoChange(store, plan.records, input.by, now)]
    await directory.commit({ cause: { kind: 'admin', id: input.by }, entries: [], records })
  }
  return { moves: plan.moves, left: [...left, ...plan.left], written }
}

interface Side {
  readonly id: string
  readonly tenant: string
  readonly config: CloudProviderConfig | undefined
}

async function matched(
  { directory, config }: Workspace,
  { match }: RelinkInput,
  from: Side,
  to: Side,
  ledgers: Ledgers,
) {
  if (typeof match === 'object') {
    const pairs = parseRelinkPairs(match.csv).map((pair) => ({
      from: identityKey(from.tenant, pair.from),
      to: identityKey(to.tenant, pair.to),
    }))
    return { pairs, left: [] }
  }
  const peopleOf = async (side: Side) => {
    const settings = { naming: config.naming, provider: side.config }
    const people = await sourcePeople(directory.store, side.id, side.tenant, settings, ledgers)
    if (people === undefined)
      throw new Error(`${side.id} has never been read; sync it first, or name the pairs in a CSV file`)
    return people
  }
  const known = (await peopleOf(from)).filter(({ key }) => ledgers.identities.has(key))
  return matchPeople(known, await peopleOf(to), match)
}

/** A provider that was taken out of the configuration is known by its mirror and the ids that it brought. */
async function side({ config, providers, directory }: Workspace, id: string, ledgers: Ledgers): Promise<Side> {
  const settings = config.providers.find((p): p is CloudProviderConfig => p.id === id && p.type !== 'ldif')
  const tenant = providers.find((provider) => provider.id === id)?.tenant
  if (settings !== undefined && tenant !== undefined) return { id, tenant, config: settings }
  const tenants = new Set([...ledgers.identities.keys()].map((key) => key.slice(0, key.indexOf('/'))))
  for await (const { key } of directory.store.list('mirror', [id, 'user']))
    for (const tenant of tenants)
      if (ledgers.identities.has(identityKey(tenant, key[2] ?? ''))) return { id, tenant, config: undefined }
  throw new Error(
    `there is no cloud provider "${id}", now or earlier; configured are ${config.providers.map((p) => p.id).join(', ')}`,
  )
}
