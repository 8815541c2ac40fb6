import { Tag } from './ber-reader.ts'
import { BerWriter, element, headerSize, integerElement, integerSize, textElement } from './ber-writer.ts'
import type { LdapResult } from './ldap-error.ts'
import { Oid } from './oids.ts'
import { Operation } from './operation.ts'
import type { ResultCode } from './result-code.ts'

export interface ResultExtras {
  /** Encoded response controls. */
  readonly controls?: readonly Buffer[]
  /** responseName and responseValue of an extended response (RFC 4511 §4.12). */
  readonly responseName?: string
  readonly responseValue?: Uint8Array
}

/** Appends a message whose operation is an LDAPResult, with or without the fields of an extended response. */
export function writeResult(
  writer: BerWriter,
  messageId: number,
  operation: number,
  result: LdapResult,
  extras: ResultExtras = {},
): void {
  const parts = [
    integerElement(Tag.enumerated, result.resultCode),
    textElement(Tag.octetString, result.matchedDN),
    textElement(Tag.octetString, result.diagnosticMessage),
  ]
  if (extras.responseName !== undefined) parts.push(textElement(0x8a, extras.responseName))
  if (extras.responseValue !== undefined) parts.push(element(0x8b, extras.responseValue))
  const message = [integerElement(Tag.integer, messageId), element(operation, ...parts)]
  if (extras.controls && extras.controls.length > 0) message.push(element(0xa0, ...extras.controls))
  writer.raw(element(Tag.sequence, ...message))
}

const successTail = Buffer.from([Tag.enumerated, 1, 0, Tag.octetString, 0, Tag.octetString, 0])

/** Appends a message with result success and nothing else. */
export function writeSuccess(writer: BerWriter, messageId: number, operation: number): void {
  writer.header(Tag.sequence, 2 + integerSize(messageId) + 2 + successTail.length)
  writer.integer(Tag.integer, messageId)
  writer.header(operation, successTail.length)
  writer.raw(successTail)
}

/**
 * Appends the headers of a SearchResultEntry (RFC 4511 §4.5.2). The caller appends the encoded objectName (`nameLength` octets), the
 * list of attributes (header and `attributesLength` octets) and the controls ({@link writeSearchEntryControls}).
 */
export function writeSearchEntryStart(
  writer: BerWriter,
  messageId: number,
  nameLength: number,
  attributesLength: number,
  controlsLength = 0,
): void {
  const operationLength = nameLength + headerSize(attributesLength) + attributesLength
  const controls = controlsLength === 0 ? 0 : headerSize(controlsLength) + controlsLength
  writer.header(Tag.sequence, 2 + integerSize(messageId) + headerSize(operationLength) + operationLength + controls)
  writer.integer(Tag.integer, messageId)
  writer.header(Operation.searchResultEntry, operationLength)
}

/** Appends the controls of a SearchResultEntry, if there are any. */
export function writeSearchEntryControls(writer: BerWriter, controls: readonly Buffer[], controlsLength: number): void {
  if (controlsLength === 0) return
  writer.header(0xa0, controlsLength)
  for (const control of controls) writer.raw(control)
}

/** RFC 4511 §4.4.1. */
export function noticeOfDisconnection(resultCode: ResultCode, diagnosticMessage: string): Buffer {
  const writer = new BerWriter(128)
  writeResult(
    writer,
    0,
    Operation.extendedResponse,
    { resultCode, matchedDN: '', diagnosticMessage },
    { responseName: Oid.noticeOfDisconnection },
  )
  return writer.take()
}

/** Tag of the response to a request; undefined where there is none (unbind, abandon). */
export function responseOperation(operation: number): number | undefined {
  switch (operation) {
    case Operation.searchRequest:
      return Operation.searchResultDone
    case Operation.unbindRequest:
    case Operation.abandonRequest:
      return undefined
    case Operation.delRequest:
      return Operation.delResponse
    default:
      return operation + 1
  }
}
