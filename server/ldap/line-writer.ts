/** Where lines go. `writableLength` is what was written and not taken yet, in octets. */
export interface LineSink {
  /** Gets whole lines, in UTF-8. */
  write(lines: Uint8Array<ArrayBuffer>): unknown
  readonly writableLength: number
}

const flushMs = 200
const chunkOctets = 64 * 1024
const backlogOctets = 8 * 1024 * 1024
/** Of UTF-8, for a unit of UTF-16. */
const octetsOfUnit = 3

/**
 * Gathers lines and hands them to the sink in one piece, a few times a second. Each is encoded as it comes: lines that are kept as text until then
 * outlive the young generation of the heap, and cost more than all the rest of logging. While the sink does not keep up, lines are dropped and counted: whoever
 * reads the log slowly must not make the server hold it.
 */
export function createLineWriter(sink: LineSink): { write: (line: string) => void; flush: () => void } {
  const chunk = Buffer.allocUnsafeSlow(chunkOctets)
  let length = 0
  let dropped = 0
  let timer: NodeJS.Timeout | undefined

  function flush(): void {
    clearTimeout(timer)
    timer = undefined
    if (length > 0) sink.write(new Uint8Array(chunk.subarray(0, length)))
    length = 0
  }

  function append(line: string): void {
    if (line.length * octetsOfUnit > chunkOctets - length) flush()
    if (line.length * octetsOfUnit > chunkOctets) sink.write(new TextEncoder().encode(line))
    else length += chunk.write(line, length)
  }

  return {
    flush,
    write(line) {
      if (sink.writableLength > backlogOctets) {
        dropped += 1
        return
      }
      if (dropped > 0)
        append(
          `${JSON.stringify({ event: 'access log lines dropped', time: new Date().toISOString(), count: dropped })}\n`,
        )
      dropped = 0
      append(line)
      timer ??= setTimeout(flush, flushMs).unref()
    },
  }
}
