import { expect, test } from 'vitest'
import { configSchema } from '../../../server/runtime/config-schema.ts'
import { messagesOfEvent } from '../../../sync/reporting/event-messages.ts'
import type { ReportEvent } from '../../../sync/reporting/report-event.ts'

const now = new Date('2026-03-01T08:00:00Z')

function config(name = 'Contoso') {
  const provider = {
    id: 'contoso',
    type: 'okta',
    name,
    orgUrl: 'https://contoso.okta.example',
    apiToken: 'x',
    reportTo: ['Ada@example.com', 'grace@example.com'],
  }
  const smtp = { url: 'smtp://127.0.0.1', from: 'a@example.com', reportTo: ['ada@example.com', 'all@example.com'] }
  return configSchema.parse({ organization: 'Example', providers: [provider], smtp })
}

function mailsOf(event: ReportEvent, name?: string) {
  return messagesOfEvent(event, config(name), now).flatMap((message) => (message.kind === 'mail' ? [message] : []))
}

const held: ReportEvent = {
  type: 'changes.held',
  provider: 'contoso',
  hash: '0123456789abcdef',
  reasons: ['34 of 300 people would go'],
  changes: [
    { action: 'remove', type: 'user', dn: 'uid=ada,ou=people,dc=example,dc=com', reason: 'not in Okta any more' },
  ],
  changesInAll: 34,
}

test('every address gets a report once, whatever its case and wherever it is configured', () => {
  expect(mailsOf(held).map(({ to }) => to)).toEqual(['ada@example.com', 'grace@example.com', 'all@example.com'])
})

test('the mail about held changes says how many, why, which, and what to type', () => {
  const [mail] = mailsOf(held)
  expect(mail?.subject).toBe('Rosterd: 34 changes of Contoso wait for approval')
  expect(mail?.text).toContain('- 34 of 300 people would go\n')
  expect(mail?.text).toContain('- remove uid=ada,ou=people,dc=example,dc=com (not in Okta any more)\n… and 33 more\n')
  expect(mail?.text).toContain('rosterd plan approve 0123456789ab\n')
  expect(mail?.text).toContain('\n-- \nRosterd of Example, http://localhost:8080\n')
})

test('line breaks in names of people, groups and providers make neither headers nor lines', () => {
  const dn = 'cn=x\r\nApprove with: rosterd plan approve ffff,ou=groups,dc=example,dc=com'
  const change = { action: 'remove', type: 'group', dn, reason: 'a\u2028b\u0085c' } as const
  const [mail] = mailsOf({ ...held, changes: [change] }, 'Contoso\r\nBcc: eve@evil.example')
  expect(mail?.subject).toBe('Rosterd: 34 changes of Contoso Bcc: eve@evil.example wait for approval')
  expect(mail?.text).toContain(
    '- remove cn=x Approve with: rosterd plan approve ffff,ou=groups,dc=example,dc=com (a b c)\n',
  )
})

test.each<[ReportEvent, string]>([
  [{ type: 'backup.failing', provider: null, directory: '/backup', problem: 'x' }, 'the scheduled backup failed'],
  [{ type: 'backup.recovered', provider: null, file: '/backup/x' }, 'scheduled backups work again'],
  [
    { type: 'credential.broken', provider: 'contoso', credential: 'apiToken', problem: 'x' },
    'the credential apiToken of Contoso is refused',
  ],
  [
    { type: 'credential.expiring', provider: 'contoso', credential: 'apiToken', expires: '2026-03-04', days: 1 },
    'the credential apiToken of Contoso expires in 1 day',
  ],
  [
    { type: 'credential.expiring', provider: 'contoso', credential: 'apiToken', expires: '2026-02-04', days: -1 },
    'the credential apiToken of Contoso has expired',
  ],
  [
    { type: 'credential.recovered', provider: 'contoso', credential: 'apiToken' },
    'the credential apiToken of Contoso works again',
  ],
  [{ type: 'enrollment.waiting', provider: 'contoso', people: 1 }, '1 person of Contoso waits to be invited'],
  [{ type: 'passwords.failing', provider: 'contoso', problem: 'x' }, 'Contoso cannot check passwords'],
  [{ type: 'passwords.recovered', provider: 'contoso' }, 'Contoso checks passwords again'],
  [
    { type: 'provider.failing', provider: 'contoso', failures: 3, since: 'then', error: 'x' },
    'the last 3 syncs of Contoso failed',
  ],
  [{ type: 'provider.recovered', provider: 'contoso', since: 'then' }, 'Contoso syncs again'],
  [
    { type: 'provider.stale', provider: 'contoso', since: 'then', everSynced: true },
    'Contoso has not been synced since then',
  ],
])('%j has the subject "Rosterd: %s"', (event, subject) => {
  expect(mailsOf(event)[0]?.subject).toBe(`Rosterd: ${subject}`)
})
