import { countLines, readText } from '../../sync/reporting/run-counts.ts'
import type { RunReport } from '../../sync/run-report.ts'
import { type Command, ExitCode } from './command.ts'

export interface SyncInput {
  /** Provider id; every provider when undefined. */
  readonly provider?: string | undefined
  /** Only this person, wherever the person is known. */
  readonly user?: string | undefined
  readonly full: boolean
  readonly dryRun: boolean
}

/** `rosterd sync`: one run of each provider asked for, in the order of the configuration. */
export const syncCommand: Command<SyncInput, readonly RunReport[]> = {
  name: 'sync',
  async execute({ providers, engine }, { provider, user, full, dryRun }, progress, signal) {
    if (providers.length === 0)
      throw new Error('no provider is configured; add one to "providers" in the configuration')
    const known = providers.map(({ id }) => id)
    if (provider !== undefined && !known.includes(provider))
      throw new Error(`--provider: there is no provider "${provider}"; configured are ${known.join(', ')}`)
    if (user !== undefined) {
      const about = { trigger: `command for ${user}`, dryRun, signal, onProgress: progress }
      const found = user.trim() === '' ? [] : await engine.runPerson(user, about, provider)
      if (found.length === 0) throw new Error(`--user: nobody called "${user}" is known to any provider`)
      return found
    }
    const reports: RunReport[] = []
    for (const id of provider === undefined ? known : [provider]) {
      const onProgress = (step: object) => progress({ provider: id, ...step })
      reports.push(await engine.run(id, { trigger: 'command', full, dryRun, signal, onProgress }))
    }
    return reports
  },
  text: (reports) => reports.map(reportText).join('\n'),
  exitCode: (reports) => {
    const outcomes = new Set(reports.map(({ outcome }) => outcome))
    if (['failed', 'cancelled', 'interrupted'].some((outcome) => outcomes.has(outcome as RunReport['outcome'])))
      return ExitCode.failed
    return outcomes.has('held') ? ExitCode.held : ExitCode.ok
  },
}

function reportText(report: RunReport): string {
  const { provider, outcome, dryRun, read, calls, error } = report
  const notices = report.notices.map((notice) => `  notice: ${notice}`)
  if (error !== null) return `${[`${provider}: ${outcome}: ${error}`, ...notices].join('\n')}\n`
  const lines = [
    `${provider}: ${outcome}${dryRun ? ' (dry run: nothing was written)' : ''}; read ${readText(read)} in ${calls} calls${modeText(report)}`,
    ...notices,
    ...(report.paused === null
      ? []
      : [`  paused: ${report.paused.reason}; ${report.paused.changes} changes wait for "rosterd resume ${provider}"`]),
  ]
  for (const line of countLines(report.counts)) lines.push(`  ${line}`)
  if (dryRun) for (const { action, dn, reason } of report.changes) lines.push(`  ${action} ${dn} (${reason})`)
  if (dryRun && report.changesInAll > report.changes.length)
    lines.push(`  … ${report.changesInAll - report.changes.length} more`)
  for (const held of report.held) {
    lines.push(`  held: ${held.changes.length} changes of ${held.provider}, ${held.reasons.join('; ')}`)
    if (!held.discarded)
      lines.push(
        `  look with "rosterd plan show", then "rosterd plan approve ${held.hash.slice(0, 12)}" or "rosterd plan discard ${held.hash.slice(0, 12)}"`,
      )
  }
  return `${lines.join('\n')}\n`
}

function modeText({ mode, fullBecause }: RunReport): string {
  switch (mode) {
    case 'full':
      return fullBecause === null ? '' : ` (everything: ${fullBecause})`
    case 'incremental':
      return ' (what changed)'
    case 'person':
      return ' (one person)'
    case 'none':
      return ''
    default:
      return mode satisfies never
  }
}
