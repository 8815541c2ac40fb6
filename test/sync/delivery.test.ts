import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { DirectoryStore } from '../../server/directory/directory-store.ts'
import { configSchema } from '../../server/runtime/config-schema.ts'
import { Secret } from '../../server/runtime/secret.ts'
import { openLevelStore } from '../../server/storage/level-store.ts'
import { openMemoryStore } from '../../server/storage/memory-store.ts'
import { createDelivery } from '../../sync/reporting/delivery.ts'
import { type Message, outboxChanges, readOutbox } from '../../sync/reporting/outbox.ts'
import { mailSender, mailServerOf, notificationSender } from '../../sync/reporting/senders.ts'
import { startMailReceiver } from '../builders/mail-receiver.ts'
import { fakeClock } from './fake-clock.ts'

const going = new AbortController().signal
const day = 86_400_000

/** A delivery from `store` to the SMTP server at `url`; time stands still. */
function delivering(url: string | null, store: DirectoryStore = openMemoryStore(), clock = fakeClock()) {
  const config = configSchema.parse(url === null ? {} : { smtp: { url, from: 'rosterd@corp.example' } })
  const logged: { level: string; fields: object; message: string }[] = []
  const keep = (level: string) => (fields: object, message: string) => void logged.push({ level, fields, message })
  const logger = { debug: keep('debug'), info: keep('info'), warn: keep('warn'), error: keep('error') }
  const readSecret = async (source: unknown) => new Secret(String(source))
  const delivery = createDelivery({
    directory: { store, commit: (generation) => store.commit(generation) },
    clock,
    logger,
    random: () => 0.5,
    senders: {
      mail: mailSender(mailServerOf(config, readSecret)),
      invitation: { deliver: () => Promise.reject(new Error('there are none')) },
      notification: notificationSender(config, readSecret, clock),
    },
  })
  return {
    clock,
    logged,
    look: () => delivery.deliverDue(going),
    waiting: async () => (await readOutbox(store)).length,
    async put(...messages: readonly (Message & { isDigest?: boolean })[]) {
      const items = messages.map((message) => ({ isDigest: false, ...message }))
      const records = await outboxChanges(items, { store, clock, logger })
      await store.commit({ cause: { kind: 'server', id: 'test' }, entries: [], records })
    },
  }
}

const mailTo = (to: string, subject = 'Rosterd: a fact') => ({ kind: 'mail', to, subject, text: 'text\n' }) as const

test('what was put is delivered in order, once', async () => {
  await using receiver = await startMailReceiver({ isClearOnly: true })
  const outbox = delivering(receiver.url)
  await outbox.put(mailTo('a@x.example', '1'), mailTo('b@x.example', '2'))
  await outbox.put(mailTo('a@x.example', '3'))
  await outbox.look()
  await outbox.look()
  expect(receiver.mails.map(({ headers }) => headers.get('subject'))).toEqual(['1', '2', '3'])
  expect(await outbox.waiting()).toBe(0)
})

test('a refused recipient is given up and recorded, while the others get theirs', async () => {
  await using receiver = await startMailReceiver({ isClearOnly: true })
  receiver.onRecipient = (address) => (address.startsWith('gone@') ? { code: 550, text: 'no such user' } : undefined)
  const outbox = delivering(receiver.url)
  await outbox.put(mailTo('gone@x.example'), mailTo('ada@x.example'))
  await outbox.look()
  expect(receiver.mails.map(({ recipients }) => recipients)).toEqual([['ada@x.example']])
  expect(await outbox.waiting()).toBe(0)
  expect(outbox.logged).toContainEqual({
    level: 'error',
    message: 'delivery refused; not tried again',
    fields: expect.objectContaining({ reason: expect.stringContaining('no such user') }),
  })
})

test('a greylisted mail is tried again later, with the same Message-ID, and holds up no other', async () => {
  await using receiver = await startMailReceiver({ isClearOnly: true })
  const seen: (string | undefined)[] = []
  receiver.onMail = ({ headers, recipients }) => {
    if (recipients[0] !== 'grey@x.example') return undefined
    seen.push(headers.get('message-id'))
    return seen.length === 1 ? { code: 451, text: 'try again later' } : undefined
  }
  const outbox = delivering(receiver.url)
  await outbox.put(mailTo('grey@x.example'), mailTo('ada@x.example'))
  await outbox.look()
  expect(receiver.mails).toHaveLength(2)
  expect(await outbox.waiting()).toBe(1)
  await outbox.look()
  expect(seen).toHaveLength(1)
  outbox.clock.advance(60_000)
  await outbox.look()
  expect(seen).toEqual([seen[0], seen[0]])
  expect(await outbox.waiting()).toBe(0)
})

test('while the server is down waits grow; when it is back everything comes, in order', async () => {
  const gone = await startMailReceiver({ isClearOnly: true })
  await gone.close()
  const outbox = delivering(gone.url)
  await outbox.put(mailTo('a@x.example', '1'), mailTo('a@x.example', '2'))
  for (let hour = 0; hour < 6; hour++) {
    await outbox.look()
    outbox.clock.advance(3_600_000)
  }
  const waits = outbox.logged.map(({ fields }) => fields as { attempts: number })
  expect(waits.map(({ attempts }) => attempts)).toEqual([1, 2, 3, 4, 5, 6])
  await using receiver = await startMailReceiver({ port: gone.port, isClearOnly: true })
  await outbox.look()
  expect(receiver.mails.map(({ headers }) => headers.get('subject'))).toEqual(['1', '2'])
  expect(await outbox.waiting()).toBe(0)
})

test('a server that is down is not asked again before its wait is over', async () => {
  const gone = await startMailReceiver({ isClearOnly: true })
  await gone.close()
  const outbox = delivering(gone.url)
  await outbox.put(mailTo('a@x.example'), mailTo('b@x.example'))
  for (const ms of [0, 30_000, 30_000, 60_000, 60_000, 240_000]) {
    outbox.clock.advance(ms)
    await outbox.look()
  }
  // At once, after 60, 60 + 120, and 60 + 120 + 240 seconds.
  expect(outbox.logged).toHaveLength(4)
})

test('after three days of failure a mail is given up with an error', async () => {
  const gone = await startMailReceiver({ isClearOnly: true })
  await gone.close()
  const outbox = delivering(gone.url)
  await outbox.put(mailTo('a@x.example'))
  await outbox.look()
  outbox.clock.advance(3 * day)
  await outbox.look()
  expect(await outbox.waiting()).toBe(0)
  expect(outbox.logged.at(-1)).toMatchObject({ level: 'error', message: 'delivery given up after three days' })
})

test('a mail whose answer was lost is sent again and can be recognised by its Message-ID', async () => {
  await using receiver = await startMailReceiver({ isClearOnly: true })
  receiver.onMail = () => (receiver.mails.length === 1 ? 'cut' : undefined)
  const outbox = delivering(receiver.url)
  await outbox.put(mailTo('ada@x.example'))
  await outbox.look()
  expect(await outbox.waiting()).toBe(1)
  outbox.clock.advance(3_600_000)
  await outbox.look()
  const ids = receiver.mails.map(({ headers }) => headers.get('message-id'))
  expect(ids).toEqual([ids[0], ids[0]])
  expect(await outbox.waiting()).toBe(0)
})

test('what a process committed before it ended is delivered by the next one, once', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rosterd-outbox-'))
  try {
    await using receiver = await startMailReceiver({ isClearOnly: true })
    const first = await openLevelStore(join(folder, 'db'))
    await delivering(receiver.url, first).put(mailTo('ada@x.example'))
    await first.close()
    for (let start = 0; start < 2; start++) {
      await using store = await openLevelStore(join(folder, 'db'))
      const outbox = delivering(receiver.url, store)
      await outbox.look()
      expect(await outbox.waiting()).toBe(0)
    }
    expect(receiver.mails).toHaveLength(1)
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('without a mail server what waits is kept for one', async () => {
  const store = openMemoryStore()
  const outbox = delivering(null, store)
  await outbox.put(mailTo('ada@x.example'))
  await outbox.look()
  expect(await outbox.waiting()).toBe(1)
})

test('a full outbox drops its oldest digests first', async () => {
  const outbox = delivering(null)
  await outbox.put({ ...mailTo('a@x.example', 'digest'), isDigest: true })
  for (let n = 0; n < 10; n++) await outbox.put(...Array.from({ length: 100 }, () => mailTo('a@x.example', 'alarm')))
  expect(await outbox.waiting()).toBe(1000)
  expect(outbox.logged).toEqual([
    {
      level: 'warn',
      message: 'outbox is full; the oldest items are dropped',
      fields: { dropped: 1, maxWaiting: 1000 },
    },
  ])
})

test('nothing of a mail is logged but its id and what became of it', async () => {
  await using receiver = await startMailReceiver({ isClearOnly: true })
  const outbox = delivering(receiver.url)
  await outbox.put({ kind: 'mail', to: 'ada@x.example', subject: 'subject-words', text: 'body-words' })
  await outbox.look()
  expect(outbox.logged).toHaveLength(1)
  expect(JSON.stringify(outbox.logged)).not.toMatch(/subject-words|body-words|ada@/)
})
