import type { Preview, ProviderPreview } from '../../../sync/preview.ts'
import type { ReportedChange } from '../../../sync/run-report.ts'
import type { Entry } from '../../../server/directory/entry.ts'

/** Changes and reasons that a page shows at most; the rest is counted. */
const shownAtMost = 25

/** Rules that one tick takes back, with the field of the form. */
const included: Readonly<Record<string, string>> = { groupsWithoutEmail: 'groupsWithoutEmail', guests: 'guests' }

/** What settings would do, in words; `id`: the provider that they are of. */
export function previewModel(preview: Preview, id: string, about = '') {
  const own = preview.providers.find(({ provider }) => provider === id)
  const held = preview.held.flatMap(({ reasons, changes }) => ({ reasons, ...some(changes) }))
  return {
    kinds: own === undefined ? [] : [kindModel('users', own.users), kindModel('groups', own.groups)],
    caveats: own?.caveats ?? [],
    clashes: some(own?.clashes ?? []),
    changes: some(preview.changes.map(changeModel)),
    waiting: some(preview.waiting.map(changeModel)),
    held: held.map(({ reasons, shown, more, total }) => ({ reasons, shown: shown.map(changeModel), more, total })),
    isNothing: preview.changes.length + preview.waiting.length + held.length === 0,
    about: preview.person === undefined ? null : aboutModel(about, preview.person),
  }
}

function kindModel(name: string, { served, leftOut }: ProviderPreview['users']) {
  return {
    name,
    served,
    leftOut: leftOut.reduce((sum, { count }) => sum + count, 0),
    reasons: leftOut.slice(0, shownAtMost).map(({ count, reason, rule, examples }) => ({
      count,
      reason,
      include: included[rule] ?? '',
      examples: examples.map((example) => example.name).join(', '),
    })),
  }
}

function changeModel({ action, dn, previousDn, reason, attributes }: ReportedChange) {
  return { action, dn, previousDn: previousDn ?? '', reason, attributes: attributes.join(', ') }
}

function some<T>(all: readonly T[]) {
  return { shown: all.slice(0, shownAtMost), more: Math.max(0, all.length - shownAtMost), total: all.length }
}

function aboutModel(name: string, { before, after, decision }: NonNullable<Preview['person']>) {
  const isServed = after !== undefined
  return {
    name,
    isServed,
    verdict: decision === undefined ? (isServed ? 'served' : 'not served') : `${decision.status}: ${decision.reason}`,
    before: entryText(before),
    after: entryText(after),
    isSame: entryText(before) === entryText(after),
  }
}

function entryText(entry: Entry | undefined): string {
  if (entry === undefined) return ''
  const lines = [...entry.attributes].flatMap(([name, values]) =>
    values.map((value) => `${name}: ${typeof value === 'string' ? value : `(${value.length} octets)`}`),
  )
  return [`dn: ${entry.dn}`, ...lines].join('\n')
}
