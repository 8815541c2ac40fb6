import { BerError, type BerReader, Tag } from './ber-reader.ts'
import { Operation } from './operation.ts'

/**
 * Reads a write request to its end (RFC 4511 §4.6 to §4.9), so that nothing malformed is handed on: what happens to its contents is
 * decided elsewhere. Throws {@link BerError}.
 */
export function readWriteRequest(operation: number, message: BerReader): void {
  switch (operation) {
    case Operation.addRequest: {
      const request = message.readConstructed(operation)
      request.readOctets()
      readList(request.readConstructed(Tag.sequence), readAttribute)
      expectEnd(request)
      return
    }
    case Operation.modifyRequest: {
      const request = message.readConstructed(operation)
      request.readOctets()
      readList(request.readConstructed(Tag.sequence), (changes) => {
        const change = changes.readConstructed(Tag.sequence)
        change.readInteger(Tag.enumerated)
        readAttribute(change)
        expectEnd(change)
      })
      expectEnd(request)
      return
    }
    case Operation.modifyDnRequest: {
      const request = message.readConstructed(operation)
      request.readOctets()
      request.readOctets()
      request.readBoolean()
      if (request.peekTag() === 0x80) request.readOctets(0x80)
      expectEnd(request)
      return
    }
    case Operation.delRequest:
      message.readOctets(operation)
      return
    default:
      throw new BerError(`operation 0x${operation.toString(16)} is no write`)
  }
}

/** PartialAttribute (RFC 4511 §4.1.7). */
function readAttribute(reader: BerReader): void {
  const attribute = reader.readConstructed(Tag.sequence)
  attribute.readOctets()
  readList(attribute.readConstructed(Tag.set), (values) => void values.readOctets())
  expectEnd(attribute)
}

function readList(reader: BerReader, readItem: (reader: BerReader) => void): void {
  while (!reader.isAtEnd) readItem(reader)
}

function expectEnd(reader: BerReader): void {
  if (!reader.isAtEnd) throw new BerError('more elements than expected')
}
