import type { RunReport, TypeCounts } from '../run-report.ts'

type Counts = RunReport['counts']

const nouns = [
  ['user', 'users'],
  ['group', 'groups'],
  ['entry', 'entries'],
] as const

const words = ['added', 'updated', 'renamed', 'deactivated', 'reactivated', 'removed', 'skipped'] as const

/** `users: 3 added, 1 updated`, one line for each type that has anything to count. */
export function countLines(counts: Counts): readonly string[] {
  return nouns.flatMap(([type, name]) => {
    const parts = words.filter((word) => counts[type][word] > 0).map((word) => `${counts[type][word]} ${word}`)
    return parts.length === 0 ? [] : [`${name}: ${parts.join(', ')}`]
  })
}

/** Sums over several runs. Skipped objects are a state, not an event: those of the last run count. */
export function addCounts(all: readonly Counts[]): Counts {
  const sum = (type: keyof Counts): TypeCounts => {
    const total = (word: keyof TypeCounts) => all.reduce((count, run) => count + run[type][word], 0)
    return {
      added: total('added'),
      updated: total('updated'),
      renamed: total('renamed'),
      deactivated: total('deactivated'),
      reactivated: total('reactivated'),
      removed: total('removed'),
      skipped: all.at(-1)?.[type].skipped ?? 0,
    }
  }
  return { user: sum('user'), group: sum('group'), entry: sum('entry') }
}

/** `3 users, 1 group` … of what a provider holds; `nothing` when there is none. */
export function readText(read: RunReport['read']): string {
  const parts = Object.entries(read)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${count} ${name}`)
  return parts.length === 0 ? 'nothing' : parts.join(', ')
}
