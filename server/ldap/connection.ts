import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import { anonymous } from '../directory/access-control.ts'
import { writeSearchEntry } from '../directory/search-entry.ts'
import { BerError, BerReader, Tag } from '../protocol/ber-reader.ts'
import { BerWriter } from '../protocol/ber-writer.ts'
import { BufferPool } from '../protocol/buffer-pool.ts'
import type { Control } from '../protocol/controls.ts'
import type { LdapResult } from '../protocol/ldap-error.ts'
import { Oid } from '../protocol/oids.ts'
import { Operation } from '../protocol/operation.ts'
import { passwordPolicyControl } from '../protocol/password-policy.ts'
import {
  type BindRequest,
  type DecodedRequest,
  type ExtendedRequest,
  decodeRequest,
  openMessage,
  type Request,
  type SearchRequest,
} from '../protocol/request-decoder.ts'
import {
  noticeOfDisconnection,
  type ResultExtras,
  responseOperation,
  writeResult,
  writeSuccess,
} from '../protocol/response-encoder.ts'
import { ResultCode } from '../protocol/result-code.ts'
import type { AccessLogRecord } from './access-log.ts'
import { bind } from './bind.ts'
import { compare } from './compare.ts'
import { changeFirst, changeFirstExtras, isHeldBack } from './change-first.ts'
import { ClientSocket } from './client-socket.ts'
import { extended } from './extended.ts'
import { FrameReader } from './frame-reader.ts'
import { modifyPassword } from './password-modify.ts'
import { checkControls } from './request-controls.ts'
import { toResult } from './results.ts'
import { beginSearch, type SearchTask } from './search.ts'
import type { LdapServices } from './services.ts'
import { describeIdentity, type Session, turnKey } from './session.ts'

/** Answers the operations that have no code of their own here, with one encoded message each. */
export interface RareOperationHost {
  answer(messageId: number, operation: number): Promise<Buffer>
}

interface RunningOperation {
  readonly messageId: number
  isAbandoned: boolean
  /** Set while a search waits for the client to read. */
  resume?: () => void
}

interface Started {
  readonly messageId: number
  readonly operation: number
  readonly startedMs: number
}

/** What a line of the access log says beside what is the same for every operation. */
type LoggedDetails = Pick<AccessLogRecord, 'dn' | 'entries' | 'isUnindexed' | 'reason' | 'requestId'>

/** Encoded answers that one turn may gather before they go out. */
const turnBytes = 96 * 1024
/** For the answers of a turn and the one that is beyond it, if it is not large. */
const answerBuffers = new BufferPool(128 * 1024, 64)
/** Answers the client has not read; beyond it nothing more is read from, or computed for, it. */
const backlogBytes = 1024 * 1024
/** Messages handled, and time they may take, before other connections get their turn. */
const messagesPerTurn = 256
const readingMsPerTurn = 2

/**
 * One client: cuts its octets into messages, runs them in the order that RFC 4511 asks for and sends the answers of one turn in
 * one write. A bind waits for what came before it and holds back what comes after (§4.2.1).
 */
export class Connection {
  readonly session: Session
  private readonly socket: ClientSocket
  private readonly services: LdapServices
  private readonly rareOperations: RareOperationHost
  private readonly frames = new FrameReader()
  private readonly writer = new BerWriter(answerBuffers)
  /** A client may use a message id again before the operation ends (RFC 4511 §4.1.1.1 forbids it): each counts. */
  private readonly running = new Set<RunningOperation>()
  private heldBind: (() => void) | undefined
  private isBinding = false
  private isClosing = false
  private isReading = false
  private waitsForTurn = false
  /** The last look at the clock: when an operation ends the next one begins. */
  private clockMs: number
  private midMessageSinceMs: number | undefined

  constructor(socket: Socket, session: Session, services: LdapServices, rareOperations: RareOperationHost) {
    this.session = session
    this.services = services
    this.rareOperations = rareOperations
    this.socket = new ClientSocket(socket, { received: this.received, drained: this.drained, closed: this.closed })
    this.clockMs = this.socket.lastProgressMs
  }

  private readonly received = (octets: Buffer): void => {
    this.clockMs = this.socket.lastProgressMs
    if (this.isClosing) return
    this.frames.push(octets)
    this.readMessages()
  }

  private readonly drained = (): void => {
    this.clockMs = this.socket.lastProgressMs
    for (const operation of this.running) operation.resume?.()
    this.readMessages()
  }

  private readonly onTurn = (): void => {
    this.waitsForTurn = false
    this.clockMs = performance.now()
    this.readMessages()
  }

  private readonly closed = (): void => {
    this.isClosing = true
    this.heldBind = undefined
    for (const operation of this.running) operation.isAbandoned = true
  }

  private get isHeld(): boolean {
    return (
      this.isClosing ||
      this.isBinding ||
      this.waitsForTurn ||
      this.heldBind !== undefined ||
      this.running.size >= this.services.limits.requestsInFlight ||
      this.socket.backlog > backlogBytes
    )
  }

  /** Handles every complete message that order and limits allow, then sends the answers. */
  private readMessages(): void {
    if (this.isReading) return
    this.isReading = true
    try {
      let handled = 0
      const until = this.clockMs + readingMsPerTurn
      while (!this.isHeld) {
        const { limits } = this.services
        const message = this.frames.next(
          this.session.identity === anonymous ? limits.messageBytesBeforeBind : limits.messageBytes,
        )
        if (!message) break
        this.handle(message)
        handled += 1
        if (this.writer.length > turnBytes) this.flush()
        if (handled >= messagesPerTurn || this.clockMs > until) {
          this.waitsForTurn = true
          this.services.turns.take(turnKey(this.session), this.onTurn)
          break
        }
      }
      this.flush()
      this.timeHalfMessage(handled > 0)
    } catch (error) {
      this.disconnectOnError(error)
    } finally {
      this.isReading = false
    }
    this.throttleReading()
  }

  /** What waits for other operations, or for the client to read, is not a message that the client is slow to send. */
  private timeHalfMessage(isNew: boolean): void {
    if (!this.frames.isMidMessage || this.isHeld) this.midMessageSinceMs = undefined
    else if (isNew || this.midMessageSinceMs === undefined) this.midMessageSinceMs = this.clockMs
  }

  private throttleReading(): void {
    if (this.isHeld && !this.isClosing) this.socket.pause()
    else this.socket.resume()
  }

  private handle(message: Buffer): void {
    const envelope = openMessage(message)
    const started: Started = {
      messageId: envelope.messageId,
      operation: envelope.operation,
      startedMs: this.clockMs,
    }
    let decoded: DecodedRequest
    try {
      decoded = decodeRequest(envelope, this.services.decoderLimits)
      checkControls(decoded.request.type, decoded.controls)
    } catch (error) {
      if (error instanceof BerError) throw error
      if (envelope.operation === Operation.unbindRequest) this.closeUnbound()
      else this.finish(started, this.toResult(error, started))
      return
    }
    if (this.endIfOver(started, decoded.request.type)) return
    if (isHeldBack(this.session, decoded.request))
      this.finish(started, changeFirst, changeFirstExtras(decoded.controls))
    else this.dispatch(decoded, started)
  }

  /**
   * Whoever may not sign in any more does not go on as who they were (RFC 4511 §4.4.1). Answers of somebody who is nobody would
   * look as if the directory were empty: the connection ends. What was sent to sign in anew is looked at.
   */
  private endIfOver(started: Started, type: Request['type']): boolean {
    if (type === 'bind' || type === 'unbind' || type === 'abandon') return false
    const reason = this.services.authenticator.overBecause(this.session.identity, this.session.credential)
    if (reason === undefined) return false
    this.log(started, ResultCode.strongerAuthRequired, { reason })
    this.disconnect(ResultCode.strongerAuthRequired, 'bind again')
    return true
  }

  private dispatch({ request, octets, controls }: DecodedRequest, started: Started): void {
    switch (request.type) {
      case 'search':
        this.search(request, controls, started, octets)
        return
      case 'bind':
        this.startBind(request, controls, started)
        return
      case 'compare':
        this.answer(started, () => ({ result: compare(this.services, this.session, request, controls) }), {
          dn: request.entry,
        })
        return
      case 'extended':
        if (request.name === Oid.passwordModify) this.answerPasswordModify(request, controls, started)
        else this.answerExtended(started, () => extended(this.session, request))
        return
      case 'abandon':
        this.abandon(request.messageId)
        return
      case 'unbind':
        this.closeUnbound()
        return
      case 'write':
        this.answerRare(started)
        return
      default:
        request satisfies never
    }
  }

  private answer(
    started: Started,
    operation: () => { result: LdapResult } & ResultExtras,
    logged: { dn?: string } = {},
  ): void {
    try {
      const { result, ...extras } = operation()
      this.finish(started, result, extras, logged)
    } catch (error) {
      this.finish(started, this.toResult(error, started), {}, logged)
    }
  }

  private answerExtended(started: Started, operation: () => ReturnType<typeof extended>): void {
    let startsTls = false
    this.answer(started, () => {
      const { startsTls: starts, ...outcome } = operation()
      if (starts && this.running.size > 0) {
        return {
          result: {
            resultCode: ResultCode.operationsError,
            matchedDN: '',
            diagnosticMessage: 'StartTLS while other operations run',
          },
        }
      }
      startsTls = starts === true
      return outcome
    })
    if (startsTls) this.startTls()
  }

  /** What has arrived is dropped: it was sent in the clear, pipelined behind a StartTLS request (RFC 4511 §4.14.1). */
  startTls(): void {
    this.flush()
    this.frames.discard()
    const { secureContext, asksClientCertificate } = this.services
    this.socket.startTls(secureContext(), asksClientCertificate(), () => {
      this.session.isSecure = true
    })
  }

  private startBind(request: BindRequest, controls: readonly Control[], started: Started): void {
    if (this.running.size === 0) this.bind(request, controls, started)
    else this.heldBind = () => this.bind(request, controls, started)
  }

  private bind(request: BindRequest, controls: readonly Control[], started: Started): void {
    this.heldBind = undefined
    this.isBinding = true
    const knowsPasswordPolicy = controls.some(({ oid }) => oid === Oid.passwordPolicy)
    const requestId = randomUUID()
    let reason: string | undefined
    const end = (result: LdapResult) => {
      this.isBinding = false
      if (!this.services.clientWatch.isIdle) this.tellOfBind(request, reason)
      const error = this.session.passwordChanger === undefined ? undefined : 'changeAfterReset'
      this.finish(started, result, knowsPasswordPolicy ? { controls: [passwordPolicyControl(error)] } : {}, {
        dn: request.name,
        reason,
        requestId,
      })
      this.afterOperation()
    }
    try {
      const result = bind(this.services, this.session, request, {
        knowsPasswordPolicy,
        isGone: () => this.isClosing,
        requestId,
        refused: (text) => {
          reason = text
        },
      })
      if (!(result instanceof Promise)) return end(result)
      result
        .catch((error: unknown) => this.toResult(error, started))
        .then(end)
        .catch((error: unknown) => this.disconnectOnError(error))
    } catch (error) {
      end(this.toResult(error, started))
    }
  }

  private tellOfBind({ name }: BindRequest, reason: string | undefined): void {
    const { remoteAddress: address, identity, lastBinder } = this.session
    const { tlsVersion: tls } = this.socket
    this.services.clientWatch.bound({ address, tls, name, identity, lastBinder, reason })
  }

  private search(request: SearchRequest, controls: readonly Control[], started: Started, query: Buffer): void {
    let task: SearchTask
    try {
      task = beginSearch(this.services, this.session, request, controls, query)
    } catch (error) {
      this.finish(started, this.toResult(error, started), {}, { dn: request.baseObject })
      return
    }
    const { clientWatch } = this.services
    const found = clientWatch.isIdle
      ? undefined
      : clientWatch.searching(this.session.identity, this.session.remoteAddress)
    const write = (slot: number) => {
      const followed = task.dereference?.(slot)
      writeSearchEntry(this.writer, started.messageId, task.answer, slot, followed ? [followed] : [])
      return this.writer.length < turnBytes
    }
    const { view } = task.answer
    const emit = found === undefined ? write : (slot: number) => (found(view.entry(slot)), write(slot))
    const finish = (result: LdapResult, extras: ResultExtras = {}) =>
      this.finish(started, result, extras, {
        dn: request.baseObject,
        entries: task.entries,
        isUnindexed: task.isUnindexed,
      })
    const first = task.step(emit)
    if (first) finish(first.result, { controls: first.controls })
    else this.continueSearch(task, started, emit, finish)
  }

  /** One step a turn; waits while the client does not read. */
  private continueSearch(
    task: SearchTask,
    started: Started,
    emit: (slot: number) => boolean,
    finish: (result: LdapResult, extras?: ResultExtras) => void,
  ): void {
    const operation: RunningOperation = { messageId: started.messageId, isAbandoned: false }
    const end = (last: () => void) => {
      this.running.delete(operation)
      if (this.isClosing) return
      last()
      this.afterOperation()
    }
    const step = () => {
      delete operation.resume
      if (operation.isAbandoned) return end(() => undefined)
      if (this.endIfOver(started, 'search')) return end(() => undefined)
      if (this.socket.backlog > backlogBytes) return schedule() // what others of this client have sent counts too
      try {
        const outcome = task.step(emit)
        if (outcome) return end(() => finish(outcome.result, { controls: outcome.controls }))
      } catch (error) {
        return end(() => finish(this.toResult(error, started)))
      }
      this.flush()
      return schedule()
    }
    const schedule = () => {
      if (this.socket.backlog > backlogBytes) operation.resume = step
      else this.services.turns.take(turnKey(this.session), step)
    }
    this.running.add(operation)
    this.flush()
    schedule()
  }

  private answerPasswordModify(request: ExtendedRequest, controls: readonly Control[], started: Started): void {
    const operation: RunningOperation = { messageId: started.messageId, isAbandoned: false }
    this.running.add(operation)
    const dn = describeIdentity(this.session.passwordChanger ?? this.session.identity)
    let reason: string | undefined
    modifyPassword(this.services, this.session, request, controls, (text) => {
      reason = text
    })
      .catch((error: unknown) => ({ result: this.toResult(error, started) }))
      .then(({ result, ...extras }) => {
        this.running.delete(operation)
        if (operation.isAbandoned) this.log(started, result.resultCode, { dn, reason })
        else this.finish(started, result, extras, { dn, reason })
        this.afterOperation()
      })
      .catch((error: unknown) => this.disconnectOnError(error))
  }

  private abandon(messageId: number): void {
    for (const operation of this.running) {
      if (operation.messageId !== messageId) continue
      operation.isAbandoned = true
      operation.resume?.()
    }
  }

  private answerRare(started: Started): void {
    const operation: RunningOperation = { messageId: started.messageId, isAbandoned: false }
    this.running.add(operation)
    void this.rareOperations.answer(started.messageId, started.operation).then((answer) => {
      this.running.delete(operation)
      if (this.isClosing) return
      if (!operation.isAbandoned) this.writer.raw(answer)
      this.log(started, resultCodeOf(answer))
      this.afterOperation()
    })
  }

  /** Something that held others back is over. */
  private afterOperation(): void {
    if (this.isClosing) return
    this.clockMs = performance.now()
    if (this.heldBind && this.running.size === 0) this.heldBind()
    if (this.isReading) return
    this.flush()
    this.readMessages()
  }

  private toResult(error: unknown, { operation }: Started): LdapResult {
    return toResult(error, (defect) => this.services.reportDefect(defect, operationName(operation)))
  }

  /** Appends the last message of an operation. */
  private finish(started: Started, result: LdapResult, extras: ResultExtras = {}, logged: LoggedDetails = {}): void {
    const responseTag = responseOperation(started.operation)
    if (this.isClosing || responseTag === undefined) return
    const isPlain =
      result.resultCode === ResultCode.success &&
      result.diagnosticMessage === '' &&
      !extras.controls?.length &&
      extras.responseName === undefined &&
      extras.responseValue === undefined
    if (isPlain) writeSuccess(this.writer, started.messageId, responseTag)
    else writeResult(this.writer, started.messageId, responseTag, result, extras)
    this.log(started, result.resultCode, logged)
  }

  private log({ messageId, operation, startedMs }: Started, resultCode: number, logged: LoggedDetails = {}): void {
    const { id, remoteAddress, identity } = this.session
    this.clockMs = performance.now()
    this.services.accessLog.record({
      connectionId: id,
      remoteAddress,
      messageId,
      operation: operationName(operation),
      identity,
      resultCode,
      durationMs: this.clockMs - startedMs,
      dn: logged.dn,
      entries: logged.entries,
      isUnindexed: logged.isUnindexed,
      reason: logged.reason,
      requestId: logged.requestId,
    })
  }

  private flush(): void {
    this.socket.send(this.writer)
  }

  private disconnectOnError(error: unknown): void {
    if (error instanceof BerError) {
      this.disconnect(ResultCode.protocolError, error.message)
    } else {
      this.services.reportDefect(error, 'connection')
      this.disconnect(ResultCode.other, 'internal error')
    }
  }

  /** Says why (RFC 4511 §4.4.1), then closes. */
  disconnect(resultCode: ResultCode, diagnosticMessage: string): void {
    if (this.isClosing) return
    this.writer.raw(noticeOfDisconnection(resultCode, diagnosticMessage))
    this.close()
  }

  private close(): void {
    if (this.isClosing) return
    this.flush()
    this.closed()
    this.frames.discard()
    this.socket.end()
  }

  /** Who unbinds sends nothing more: once the system has what was answered there is nothing to wait for. */
  private closeUnbound(): void {
    this.flush()
    if (this.session.isSecure || this.socket.backlog > 0) return this.close()
    this.closed()
    this.socket.destroy()
  }

  /** Called every second or so. */
  closeIfOverdue(nowMs: number): void {
    const { handshakeSeconds, idleSeconds } = this.services.limits
    const isOver = (sinceMs: number, seconds: number) => nowMs - sinceMs > seconds * 1000
    const isIdle = this.running.size === 0 && !this.isBinding && isOver(this.socket.lastProgressMs, idleSeconds)
    if (this.socket.isOverdue(nowMs, handshakeSeconds)) this.destroy()
    else if (this.midMessageSinceMs !== undefined && isOver(this.midMessageSinceMs, handshakeSeconds))
      this.disconnect(ResultCode.protocolError, 'message not completed in time')
    else if (isIdle) this.disconnect(ResultCode.unavailable, 'idle for too long')
  }

  destroy(): void {
    this.socket.destroy()
  }
}

/** The result code of an encoded response. */
function resultCodeOf(answer: Buffer): number {
  const message = new BerReader(answer).readConstructed(Tag.sequence)
  message.readInteger()
  return message.readConstructed(message.peekTag()).readInteger(Tag.enumerated)
}

const operationNames = new Map<number, string>(
  Object.entries(Operation)
    .filter(([name]) => name.endsWith('Request'))
    .map(([name, tag]) => [tag, name.slice(0, -'Request'.length)]),
)

function operationName(tag: number): string {
  return operationNames.get(tag) ?? 'unknown'
}
