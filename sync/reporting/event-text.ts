import type { ChangeSample, ReportEvent, RunNumbers } from './report-event.ts'
import { countLines, readText } from './run-counts.ts'

export interface EventText {
  /** The fact, without "Rosterd:" and without line breaks. */
  readonly summary: string
  readonly lines: readonly string[]
}

/** An event in words: what happened, why, and what to do. `provider` is the name people know. Pure. */
export function textOfEvent(event: ReportEvent, provider: string): EventText {
  const text = wordsOf(event, oneLine(provider))
  return { summary: oneLine(text.summary), lines: text.lines.map(oneLine) }
}

/** Names come from clouds: what could end a header or forge a line becomes a space. */
export function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim()
}

function wordsOf(event: ReportEvent, name: string): EventText {
  const { provider } = event
  switch (event.type) {
    case 'backup.failing':
      return {
        summary: 'the scheduled backup failed',
        lines: [
          event.problem,
          '',
          `Nothing was removed from ${event.directory}. It is tried again every quarter of an hour.`,
          '',
          'Try it by hand: rosterd backup FILE',
        ],
      }
    case 'backup.recovered':
      return { summary: 'scheduled backups work again', lines: [`The newest is ${event.file}.`] }
    case 'changes.held': {
      const hash = event.hash.slice(0, 12)
      return {
        summary: `${counted(event.changesInAll, 'change')} of ${name} ${event.changesInAll === 1 ? 'waits' : 'wait'} for approval`,
        lines: [
          'These changes take away so much at once that they look like an accident. They wait; everything else was applied.',
          '',
          'Why:',
          ...event.reasons.map((reason) => `- ${reason}`),
          '',
          ...sampleLines(event),
          '',
          'Look at all of them:            rosterd plan show',
          `Apply exactly these:            rosterd plan approve ${hash}`,
          `Keep them held, do not ask:     rosterd plan discard ${hash}`,
        ],
      }
    }
    case 'credential.broken':
      return {
        summary: `the credential ${event.credential} of ${name} is refused`,
        lines: [
          ...(event.problem === null ? [] : [event.problem, '']),
          'As long as another credential of the provider works, syncs go on. Nothing that is served has changed.',
          '',
          'Replace it in the configuration, then look: rosterd check',
        ],
      }
    case 'credential.expiring':
      return {
        summary:
          event.days < 0
            ? `the credential ${event.credential} of ${name} has expired`
            : `the credential ${event.credential} of ${name} expires in ${counted(event.days, 'day')}`,
        lines: [
          `It ends at ${event.expires}. After that, syncs fail unless another credential of the provider works; the directory stays as it is then.`,
          '',
          'Make a new one at the provider, put it into the configuration, then look: rosterd check',
        ],
      }
    case 'credential.recovered':
      return {
        summary: `the credential ${event.credential} of ${name} works again`,
        lines: ['Nothing needs to be done.'],
      }
    case 'digest':
      return {
        summary: `${counted(event.changesInAll, 'change')} of ${name} in a day`,
        lines: [
          `From ${event.from} to ${event.until}: ${counted(event.runs, 'run')}, ${event.failedRuns} of them failed.`,
          '',
          ...countLines(event.counts),
          '',
          ...sampleLines(event),
        ],
      }
    case 'enrollment.waiting':
      return {
        summary: `${counted(event.people, 'person', 'people')} of ${name} ${event.people === 1 ? 'waits' : 'wait'} to be invited`,
        lines: [
          'They were seen for the first time, and invitations to so many, or to everybody, are not mailed unasked.',
          'Until their link is used they are not active.',
          '',
          `Look at them:     rosterd enrollment list --provider ${provider}`,
          `Invite them all:  rosterd enrollment send --provider ${provider}`,
          'Invite one:       rosterd enrollment send --user NAME',
        ],
      }
    case 'passwords.failing':
      return {
        summary: `${name} cannot check passwords`,
        lines: [
          event.problem,
          '',
          'Its people cannot sign in with their password there; directory passwords and app passwords go on.',
          '',
          'What each answer means is in docs/pass-through.md.',
        ],
      }
    case 'passwords.recovered':
      return { summary: `${name} checks passwords again`, lines: ['Nothing needs to be done.'] }
    case 'provider.failing':
      return {
        summary: `the last ${event.failures} syncs of ${name} failed`,
        lines: [
          event.error,
          '',
          `Failing since ${event.since}. The directory is served as it was at the last success.`,
          '',
          'Find out which permission or connection is missing: rosterd check',
          `Then try again:                                     rosterd sync --provider ${provider}`,
        ],
      }
    case 'provider.recovered':
      return {
        summary: `${name} syncs again`,
        lines: [`The problem was reported first at ${event.since}. Nothing needs to be done.`],
      }
    case 'provider.stale':
      return {
        summary: event.everSynced
          ? `${name} has not been synced since ${event.since}`
          : `${name} has never been synced`,
        lines: [
          'The directory is served as it was then: people who left since may still be let in.',
          '',
          'Find out why:   rosterd check',
          `Then try again: rosterd sync --provider ${provider}`,
        ],
      }
    case 'run.finished':
      return { summary: runSummary(event.run, name), lines: runLines(event.run) }
    default:
      return event satisfies never
  }
}

function runSummary({ outcome, changesInAll }: RunNumbers, name: string): string {
  switch (outcome) {
    case 'failed':
    case 'cancelled':
    case 'interrupted':
      return `the sync of ${name} ${outcome === 'failed' ? 'failed' : `was ${outcome}`}`
    case 'held':
      return `${name} synced, ${counted(changesInAll, 'change')} applied, others wait for approval`
    default:
      return `${name} synced, ${changesInAll === 0 ? 'no change' : counted(changesInAll, 'change')}`
  }
}

function runLines(run: RunNumbers): readonly string[] {
  return [
    ...(run.error === null ? [] : [run.error, '']),
    `Started ${run.started}, ended ${run.finished ?? 'not yet'} (${run.trigger}).`,
    `Read ${readText(run.read)} in ${counted(run.calls, 'call')}.`,
    ...countLines(run.counts),
    ...(run.outcome === 'held' ? ['', 'Look at what waits: rosterd plan show'] : []),
  ]
}

function sampleLines({ changes, changesInAll }: ChangeSample): readonly string[] {
  const more = changesInAll - changes.length
  return [
    ...changes.map(({ action, dn, reason }) => `- ${action} ${dn} (${reason})`),
    ...(more > 0 ? [`… and ${more} more`] : []),
  ]
}

function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}
