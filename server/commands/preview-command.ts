import { readManagedProviders, withManagedProviders } from '../../sync/managed-providers/managed-provider-records.ts'
import type { Preview, ProviderPreview } from '../../sync/preview.ts'
import { formatLdifRecord } from '../protocol/ldif.ts'
import type { Config } from '../runtime/config-schema.ts'
import { type Command, ExitCode } from './command.ts'
import { entryJson, type EntryJson } from './entry-json.ts'

export interface PreviewInput {
  /** The other configuration, checked by the command line. */
  readonly config: Config
  /** A person or group to show the entry of. */
  readonly user?: string | undefined
}

type PreviewJson = Omit<Preview, 'person'> & {
  readonly person: { readonly before: EntryJson | null; readonly after: EntryJson | null } | null
}

/** `rosterd preview`: what another configuration would change, from what was last read. */
export const previewCommand: Command<PreviewInput, PreviewJson> = {
  name: 'preview',
  async execute({ engine, directory: { store } }, { config, user }) {
    const edited = withManagedProviders(config, await readManagedProviders(store))
    const { person, ...preview } = await engine.preview(edited, user)
    const json = (entry: NonNullable<Preview['person']>['before']) => (entry === undefined ? null : entryJson(entry))
    return {
      ...preview,
      person: person === undefined ? null : { before: json(person.before), after: json(person.after) },
    }
  },
  text: ({ providers, changes, held, waiting, person }) => {
    const lines = providers.flatMap(providerLines)
    const all = changes.length + held.reduce((sum, one) => sum + one.changes.length, 0)
    lines.push(all === 0 ? 'Nothing would change.' : `${all} changes:`, ...changes.map(changeLine))
    for (const one of held)
      lines.push(
        `of these would wait for approval (${one.provider}: ${one.reasons.join('; ')}):`,
        ...one.changes.map(changeLine),
      )
    if (waiting.length > 0)
      lines.push('these would wait, because their provider is paused:', ...waiting.map(changeLine))
    if (person !== null) lines.push('entry now:', entryText(person.before), 'entry then:', entryText(person.after))
    return `${lines.join('\n')}\n`
  },
  exitCode: ({ held }) => (held.length > 0 ? ExitCode.held : ExitCode.ok),
}

function changeLine({ action, dn, reason }: Preview['changes'][number]): string {
  return `  ${action} ${dn} (${reason})`
}

function providerLines({ provider, users, groups, clashes, caveats }: ProviderPreview): readonly string[] {
  const lines = caveats.map((caveat) => `${provider}: ${caveat}`)
  for (const [name, { served, leftOut }] of Object.entries({ users, groups })) {
    const not = leftOut.reduce((sum, { count }) => sum + count, 0)
    lines.push(`${provider}: ${served} ${name} served, ${not} not`)
    for (const { count, reason, rule } of leftOut) lines.push(`  ${count}: ${reason} (${rule})`)
  }
  for (const { name, note } of clashes) lines.push(`  ${name}: ${note}`)
  return lines
}

function entryText(entry: EntryJson | null): string {
  if (entry === null) return '  none'
  return formatLdifRecord(entry.dn, Object.entries(entry.attributes)).trimEnd().replace(/^/gm, '  ')
}
