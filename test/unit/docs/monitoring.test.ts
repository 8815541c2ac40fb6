import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { eventMeanings, fieldMeanings, loggedEvents } from '../../../bin/log-events.ts'
import { describedMetrics } from '../../../bin/monitoring-page.ts'

const docs = join(import.meta.dirname, '..', '..', '..', 'docs')
const alerts = readFileSync(join(docs, 'alerts.yml'), 'utf8')

test('every event of the log is explained, and nothing else is', () => {
  expect(Object.keys(eventMeanings).toSorted()).toEqual(
    loggedEvents()
      .map(({ event }) => event)
      .toSorted(),
  )
})

test('every field of an event is explained, and nothing else is', () => {
  const fields = new Set(loggedEvents().flatMap(({ fields }) => fields))
  expect(Object.keys(fieldMeanings).toSorted()).toEqual([...fields].toSorted())
})

const metrics = new Map(
  describedMetrics().flatMap(({ name, type, labels }) =>
    (type === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']).map(
      (suffix) => [name + suffix, suffix === '_bucket' ? [...labels, 'le'] : labels] as const,
    ),
  ),
)

test('alerts are about metrics and labels that there are', () => {
  const used = [...alerts.matchAll(/(rosterd_\w+)(?:\{([^}]*)\})?/g)].filter(([, name]) => name !== 'rosterd_')
  expect(used.length).toBeGreaterThan(15)
  for (const [, name = '', selector = ''] of used) {
    expect(metrics.has(name), name).toBe(true)
    for (const [, label] of selector.matchAll(/(\w+)=~?"/g)) expect(metrics.get(name)).toContain(label)
  }
})

test('labels in a summary are those of the metric', () => {
  for (const rule of alerts.split('- alert: ').slice(1)) {
    const labels = [...rule.matchAll(/rosterd_\w+/g)].flatMap(([name]) => metrics.get(name) ?? [])
    for (const [, label] of rule.matchAll(/\$labels\.(\w+)/g)) expect(labels, rule).toContain(label)
  }
})

test('every alert names a card that there is', () => {
  const operations = readFileSync(join(docs, 'operations.md'), 'utf8')
  const anchors = [...operations.matchAll(/^## (.*)$/gm)].map(([, title = '']) =>
    title.toLowerCase().replaceAll(' ', '-'),
  )
  const rules = alerts.split('- alert: ').slice(1)
  expect(rules.length).toBeGreaterThan(12)
  for (const rule of rules) expect(anchors, rule).toContain(/card: operations\.md#([\w-]+)/.exec(rule)?.[1])
})
