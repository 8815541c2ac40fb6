import { createHash, randomBytes } from 'node:crypto'
import type { CommitResult, Generation, RecordChange, RecordReader } from '../../server/directory/directory-store.ts'
import type { Clock } from '../../server/runtime/clock.ts'
import type { Config } from '../../server/runtime/config-schema.ts'
import { displayNameOf } from '../attribute-mapping.ts'
import type { SourceUser } from '../identity.ts'
import { trusted } from '../ledgers.ts'
import type { Logger } from '../logger.ts'
import type { DeliveryOutcome } from '../reporting/delivery-outcome.ts'
import type { Sender } from '../reporting/delivery.ts'
import type { MailServer } from '../reporting/mail-server.ts'
import { outboxChanges, type OutboxItem, publicId, readOutbox, removal } from '../reporting/outbox.ts'
import { sendMail } from '../reporting/senders.ts'
import type { SyncEngine } from '../sync-engine.ts'
import {
  type EnrollmentRecord,
  enrollmentChange,
  isForgottenEnrollment,
  readEnrollment,
  readEnrollments,
} from './enrollment-record.ts'
import { usableAddress } from './enrollment-rule.ts'
import { invitationMail } from './invitation-mail.ts'
import { ascending } from '../../server/runtime/order.ts'

export interface EnrollmentOptions {
  readonly directory: { readonly store: RecordReader; commit(generation: Generation): Promise<CommitResult> }
  readonly engine: Pick<SyncEngine, 'explain' | 'settle'>
  readonly config: Config
  readonly clock: Clock
  readonly logger: Logger
  readonly mailServer: MailServer | undefined
}

/** A person's enrollment as an administrator may see it. */
export type PersonEnrollment = Omit<EnrollmentRecord, 'links' | 'goneSince'> & {
  readonly entryUUID: string
  readonly name: string
}

/** Whom a link is for. */
export interface Invitee {
  readonly entryUUID: string
  readonly name: string
  /** The person is not active until the link is used. */
  readonly isInvited: boolean
}

export interface Enrollment {
  /** Everybody with an enrollment record, of one provider or of all, by name. */
  list(provider?: string): Promise<readonly PersonEnrollment[]>
  /** Mails the invitations that wait for it: of one provider, of one person, or all. Gives who they are. */
  send(which: {
    readonly provider?: string | undefined
    readonly user?: string | undefined
  }): Promise<readonly PersonEnrollment[]>
  /** Mails a new link to the address the provider has now; older links end. Throws when there is nobody, or nowhere to send to. */
  resend(user: string): Promise<PersonEnrollment>
  /** Ends the links that a person has, and the mails that would bring more. False when there are none. */
  withdraw(entryUUID: string, by: string): Promise<boolean>
  /** Whom a link is for; undefined when it is unknown, used or expired. Changes nothing. */
  find(token: string): Promise<Invitee | undefined>
  /** Uses a link: the address is verified, and the person active at the next settlement, which is asked for. */
  confirm(token: string): Promise<Invitee | undefined>
  readonly sender: Sender<Extract<OutboxItem, { kind: 'invitation' }>>
  /** Resolves when nothing that was begun is under way. */
  idle(): Promise<void>
}

/** Value of the `link` collection, by SHA-256 of the token. */
type EnrollmentLink = { readonly kind: 'enrollment'; readonly entryUUID: string; readonly expires: string }

const linkLifeMs = 7 * 86_400_000

/** Invitations, links and who has used them. Changes follow each other, one at a time. */
export function createEnrollment(options: EnrollmentOptions): Enrollment {
  const { directory, engine, config, clock, logger, mailServer } = options
  const { store } = directory
  /** By public id of the mail that is under way: every try of it holds the same link. */
  const links = new Map<string, { readonly token: string; readonly expires: Date }>()
  let line: Promise<unknown> = Promise.resolve()
  let settling: Promise<unknown> = Promise.resolve()
  let isSettlementAsked = false

  function inLine<T>(work: () => Promise<T>): Promise<T> {
    const result = line.then(work)
    line = result.catch(() => {})
    return result
  }

  async function commit(
    kind: 'admin' | 'user' | 'server',
    id: string,
    records: readonly RecordChange[],
  ): Promise<void> {
    await directory.commit({ cause: { kind, id }, entries: [], records })
  }

  async function sourceOf({ provider, id }: EnrollmentRecord): Promise<SourceUser | undefined> {
    const value = await store.get('mirror', [provider, 'user', id])
    return value === undefined ? undefined : trusted<SourceUser>(value)
  }

  async function nameOf(record: EnrollmentRecord): Promise<string> {
    const source = await sourceOf(record)
    const otherwise = record.address ?? record.id
    return source === undefined ? otherwise : displayNameOf(source, otherwise)
  }

  async function personOf(entryUUID: string, record: EnrollmentRecord): Promise<PersonEnrollment> {
    const { links: _links, goneSince: _goneSince, ...shown } = record
    return { entryUUID, name: await nameOf(record), ...shown }
  }

  async function list(provider?: string): Promise<readonly PersonEnrollment[]> {
    const people: PersonEnrollment[] = []
    for (const [entryUUID, record] of await readEnrollments(store))
      if (!isForgottenEnrollment(record) && record.provider === (provider ?? record.provider))
        people.push(await personOf(entryUUID, record))
    return people.sort(ascending(({ name }) => name))
  }

  /** entryUUID and record of the one person a text means. */
  async function personNamed(text: string): Promise<readonly [string, EnrollmentRecord]> {
    const records = await readEnrollments(store)
    const byUuid = records.get(text.toLowerCase())
    if (byUuid !== undefined) return [text.toLowerCase(), byUuid]
    const found = (await engine.explain(text)).filter(({ kind }) => kind === 'user')
    const [person, another] = found
    if (person === undefined) throw new Error(`nobody is called "${text}"; use a user name, address or immutable id`)
    if (another !== undefined)
      throw new Error(
        `"${text}" means ${found.length} people; use one of the ids ${found.map(({ id }) => id).join(', ')}`,
      )
    const own = [...records].find(([, record]) => record.provider === person.provider && record.id === person.id)
    if (own !== undefined) return own
    const setting = config.providers.find(({ id }) => id === person.provider)
    const { identity } = person
    if (
      setting === undefined ||
      setting.type === 'ldif' ||
      setting.enrollment === 'only-sync' ||
      identity === undefined
    )
      throw new Error(`${person.label} is not enrolled by mail; the enrollment setting of ${person.provider} says so`)
    const known: EnrollmentRecord = {
      state: 'enrolled',
      emailVerified: false,
      provider: person.provider,
      id: person.id,
      address: null,
      waiting: false,
      firstInvited: clock.now().toISOString(),
      lastMailed: null,
      mailedCount: 0,
      refused: null,
      enrolled: null,
      links: [],
    }
    return [identity.entryUUID, known]
  }

  async function mailChanges(entryUUID: string, to: string): Promise<readonly RecordChange[]> {
    const message = { kind: 'invitation', to, entryUUID, isDigest: false } as const
    return await outboxChanges([message], { store, clock, logger })
  }

  /** Ends the links of a person and the mails that would bring more. */
  async function endLinks(entryUUID: string, { links }: EnrollmentRecord): Promise<readonly RecordChange[]> {
    const pending = (await readOutbox(store)).filter(
      ({ item }) => item.kind === 'invitation' && item.entryUUID === entryUUID,
    )
    return [
      ...links.map((key) => ({ collection: 'link', key: [key], value: undefined }) as const),
      ...pending.map(({ id }) => removal(id)),
    ]
  }

  async function sendNow(which: { provider?: string | undefined; user?: string | undefined }) {
    requireMailServer()
    const only = which.user === undefined ? undefined : (await personNamed(which.user))[0]
    const sent: PersonEnrollment[] = []
    for (const [entryUUID, record] of await readEnrollments(store)) {
      const { waiting, address, provider } = record
      if (
        !waiting ||
        address === null ||
        provider !== (which.provider ?? provider) ||
        entryUUID !== (only ?? entryUUID)
      )
        continue
      const released = { ...record, waiting: false }
      await commit('admin', 'enrollment', [
        enrollmentChange(entryUUID, released),
        ...(await mailChanges(entryUUID, address)),
      ])
      sent.push(await personOf(entryUUID, released))
    }
    return sent
  }

  async function resendNow(user: string): Promise<PersonEnrollment> {
    requireMailServer()
    const [entryUUID, record] = await personNamed(user)
    const source = await sourceOf(record)
    const address = usableAddress(source?.mail ?? null)
    if (address === null) throw new Error(`${record.provider} has no usable mail address of ${user}; correct it there`)
    const renewed = { ...record, address, waiting: false, refused: null, links: [] }
    await commit('admin', 'enrollment', [
      ...(await endLinks(entryUUID, record)),
      enrollmentChange(entryUUID, renewed),
      ...(await mailChanges(entryUUID, address)),
    ])
    return await personOf(entryUUID, renewed)
  }

  async function withdrawNow(entryUUID: string, by: string): Promise<boolean> {
    const record = await readEnrollment(store, entryUUID)
    const ended = record === undefined ? [] : await endLinks(entryUUID, record)
    if (record === undefined || ended.length === 0) return false
    await commit('admin', by, [...ended, enrollmentChange(entryUUID, { ...record, links: [] })])
    return true
  }

  function requireMailServer(): void {
    if (mailServer === undefined) throw new Error('smtp is not configured; set it to the mail server to use')
  }

  async function linkOf(token: string): Promise<readonly [string, EnrollmentRecord] | undefined> {
    const value = await store.get('link', [keyOf(token)])
    if (value === undefined) return undefined
    const { kind, entryUUID, expires } = trusted<EnrollmentLink>(value)
    if (kind !== 'enrollment' || expires <= clock.now().toISOString()) return undefined
    const record = await readEnrollment(store, entryUUID)
    return record === undefined || (await sourceOf(record)) === undefined ? undefined : [entryUUID, record]
  }

  async function confirmNow(token: string): Promise<Invitee | undefined> {
    const found = await linkOf(token)
    if (found === undefined) return undefined
    const [entryUUID, record] = found
    const enrolled = clock.now().toISOString()
    await commit('user', entryUUID, [
      ...(await endLinks(entryUUID, record)),
      enrollmentChange(entryUUID, {
        ...record,
        state: 'enrolled',
        emailVerified: true,
        waiting: false,
        enrolled,
        links: [],
      }),
    ])
    logger.info({ entryUUID, provider: record.provider }, 'enrolled')
    if (record.state === 'invited') settleSoon(record.provider)
    return await inviteeOf(entryUUID, record)
  }

  async function inviteeOf(entryUUID: string, record: EnrollmentRecord): Promise<Invitee> {
    return { entryUUID, name: await nameOf(record), isInvited: record.state === 'invited' }
  }

  /** One settlement for everybody who confirms while another runs. */
  function settleSoon(provider: string): void {
    if (isSettlementAsked) return
    isSettlementAsked = true
    settling = settling.then(async () => {
      isSettlementAsked = false
      try {
        await engine.settle(provider, 'enrollment')
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error)
        logger.error({ provider, error: text }, 'enrolled people become active with the next sync: settlement failed')
      }
    })
  }

  /** The link of a mail, made at its first try; undefined when the mail is not wanted any more. */
  async function linkFor(entryUUID: string, mailId: string) {
    const record = await readEnrollment(store, entryUUID)
    const isWanted = (await readOutbox(store)).some(({ id }) => publicId(id) === mailId)
    if (record === undefined || !isWanted || (await sourceOf(record)) === undefined) return undefined
    const known = links.get(mailId)
    if (known !== undefined) return { ...known, record }
    const token = randomBytes(32).toString('base64url')
    const expires = new Date(clock.now().getTime() + linkLifeMs)
    const link: EnrollmentLink = { kind: 'enrollment', entryUUID, expires: expires.toISOString() }
    const key = keyOf(token)
    await commit('server', 'delivery', [
      { collection: 'link', key: [key], value: link },
      enrollmentChange(entryUUID, { ...record, links: [...record.links, key] }),
    ])
    links.set(mailId, { token, expires })
    return { token, expires, record }
  }

  const sender: Enrollment['sender'] = {
    async deliver({ to, entryUUID, created }, id) {
      const link = await inLine(() => linkFor(entryUUID, id))
      if (link === undefined) return { type: 'refused', reason: 'it was replaced, or the person is gone' }
      const { subject, text } = invitationMail({
        name: await nameOf(link.record),
        organization: config.organization,
        link: `${config.admin.publicUrl.replace(/\/+$/, '')}/enroll/${link.token}`,
        expires: link.expires,
      })
      return await sendMail(mailServer, { id, to, subject, text, date: new Date(created) })
    },
    settled: ({ entryUUID }, outcome, change) => inLine(() => settledNow(entryUUID, outcome, change)),
  }

  async function settledNow(entryUUID: string, outcome: DeliveryOutcome, change: RecordChange): Promise<void> {
    links.delete(publicId(change.key[0] ?? ''))
    const record = await readEnrollment(store, entryUUID)
    const isMailed = outcome.type === 'accepted'
    const after =
      record === undefined
        ? []
        : isMailed
          ? [{ ...record, lastMailed: clock.now().toISOString(), mailedCount: record.mailedCount + 1, refused: null }]
          : [{ ...record, refused: outcome.reason }]
    await commit('server', 'delivery', [change, ...after.map((one) => enrollmentChange(entryUUID, one))])
  }

  return {
    list,
    send: (which) => inLine(() => sendNow(which)),
    resend: (user) => inLine(() => resendNow(user)),
    withdraw: (entryUUID, by) => inLine(() => withdrawNow(entryUUID, by)),
    async find(token) {
      const found = await linkOf(token)
      return found && (await inviteeOf(...found))
    },
    confirm: (token) => inLine(() => confirmNow(token)),
    sender,
    async idle() {
      await line
      await settling
    },
  }
}

function keyOf(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}
