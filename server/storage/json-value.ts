import { checkFrame, frameBytes, sealFrame } from './value-frame.ts'

/** A framed value (value-frame.ts) whose payload is JSON. */
export function encodeJson(json: unknown, version: number): Buffer {
  const text = JSON.stringify(json)
  const value = Buffer.allocUnsafe(frameBytes + Buffer.byteLength(text))
  value.write(text, frameBytes)
  return sealFrame(value, version)
}

/** Throws `StoreError` `corrupt`, which names `what`. The caller's codec wrote the payload and knows its type. */
export function decodeJson(value: Buffer, version: number, what: string): unknown {
  checkFrame(value, version, what)
  return JSON.parse(value.toString('utf8', frameBytes))
}
