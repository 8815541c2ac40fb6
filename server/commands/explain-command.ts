import type { Explanation } from '../../sync/explain.ts'
import { formatLdifRecord } from '../protocol/ldif.ts'
import { entryJson, type EntryJson } from './entry-json.ts'
import { type Command, ExitCode } from './command.ts'

export interface ExplainInput {
  /** User name, cn, address, DN, entryUUID or immutable id. */
  readonly name: string
}

type ExplanationJson = Omit<Explanation, 'entry'> & { readonly entry: EntryJson | null }

/** `rosterd explain`: why a person or group is served or not. */
export const explainCommand: Command<ExplainInput, readonly ExplanationJson[]> = {
  name: 'explain',
  async execute({ engine }, { name }) {
    const found = await engine.explain(name)
    return found.map((explanation) => ({
      ...explanation,
      entry: explanation.entry ? entryJson(explanation.entry) : null,
    }))
  },
  text: (explanations) =>
    explanations.length === 0
      ? 'Nobody and nothing of that name is known to any provider.\n'
      : explanations.map(explanationText).join('\n'),
  exitCode: (explanations) => (explanations.length === 0 ? ExitCode.failed : ExitCode.ok),
}

function explanationText(explanation: ExplanationJson): string {
  const { provider, kind, id, label, decision, record, identity, entry, authentication } = explanation
  const lines = [`${label}: ${kind} ${id}${provider === '' ? '' : ` of provider ${provider}`}`]
  if (decision)
    lines.push(
      `  status: ${decision.status}`,
      `  reason: ${decision.reason}${decision.rule === null ? '' : ` (rule ${decision.rule})`}`,
    )
  else if (entry) lines.push('  status: served')
  if (decision?.note) lines.push(`  note: ${decision.note}`)
  if (authentication)
    lines.push(
      `  password checked by: ${authentication.allowed ? `${authentication.provider}:${authentication.id}` : `nobody (${authentication.reason})`}`,
    )
  if (identity) lines.push(`  entryUUID: ${identity.entryUUID}`)
  if (record) lines.push('  provider record:', indent(JSON.stringify(record, null, 2)))
  lines.push(
    entry
      ? `  entry:\n${indent(formatLdifRecord(entry.dn, Object.entries(entry.attributes)).trimEnd())}`
      : '  entry: none',
  )
  return `${lines.join('\n')}\n`
}

function indent(text: string): string {
  return text.replace(/^/gm, '    ')
}
