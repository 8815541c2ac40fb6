import type { Clock } from '../../runtime/clock.ts'
import type { Directory } from '../directory.ts'
import type { RecordChange, RecordReader } from '../directory-store.ts'
import { type LoggedOperation, operationOfLine } from './logged-operation.ts'

/*
 * Binds and other notable operations of the last days: the `operation` collection. Operations are kept a block at a time, at
 * ['block', number of its first]; ['span', the same] says when its first and last were, so that blocks are counted and
 * forgotten without being read.
 */

export interface OperationLog {
  /** Takes in lines of the access log, in UTF-8. Never throws, and keeps nobody waiting. */
  take(lines: Uint8Array): void
  /** Latest first, from the one before the number `before`. */
  read(before?: number): AsyncIterable<LoggedOperation>
  /** Writes what was taken in, and forgets what is too old, every few seconds until the signal is aborted. */
  run(signal: AbortSignal): Promise<void>
  /** Writes what was taken in, now. */
  flush(): Promise<void>
}

export interface OperationLogOptions {
  readonly directory: Pick<Directory, 'commit'> & { readonly store: RecordReader }
  readonly clock: Pick<Clock, 'now' | 'sleep'>
  /** Days for which operations are kept. */
  readonly days: () => number
  readonly onProblem: (error: unknown) => void
}

const operationsInBlock = 200
/** 200,000 operations: some 50 MB. */
const blocksAtMost = 1000
/** So much of what was seen is lost when the machine stops. */
const writeEveryMs = 5000
/** What comes faster is counted and not kept: 1,000 in a second. */
const unwrittenAtMost = 5000
const dayMs = 86_400_000
const collection = 'operation'
const newline = 0x0a
const text = new TextDecoder()

interface Block {
  readonly first: number
  readonly operations: LoggedOperation[]
}

type Span = { readonly from: string; readonly to: string }

export async function openOperationLog(options: OperationLogOptions): Promise<OperationLog> {
  const { directory, clock, days, onProblem } = options
  const { store } = directory
  /** By number of the first operation, oldest first; of what is stored. */
  const spans = new Map<number, Span>()
  for await (const { key, value } of store.list(collection, ['span'])) spans.set(Number(key[1]), value as Span) // written below
  const newest = [...spans.keys()].at(-1)
  let next = newest === undefined ? 1 : newest + operationsInBlock
  let block: Block = { first: next, operations: [] }
  let full: Block[] = []
  let unwritten = 0
  let dropped = 0

  const oldest = () => new Date(clock.now().getTime() - days() * dayMs).toISOString()

  function add(operation: Omit<LoggedOperation, 'number'>): void {
    const [first] = block.operations
    // A block is forgotten as a whole: on a quiet server too it holds no more than a day.
    const isOver = first !== undefined && Date.parse(operation.time) - Date.parse(first.time) >= dayMs
    if (block.operations.length >= operationsInBlock || isOver) {
      full.push(block)
      next = block.first + operationsInBlock
      block = { first: next, operations: [] }
    }
    block.operations.push({ number: block.first + block.operations.length, ...operation })
    unwritten += 1
  }

  function take(lines: Uint8Array): void {
    for (let start = 0; start < lines.length; ) {
      const end = lines.indexOf(newline, start)
      // In a flood not even looked at: whoever sends it would have this thread busy with reading.
      if (unwritten >= unwrittenAtMost) dropped += 1
      else {
        const operation = operationOfLine(text.decode(lines.subarray(start, end < 0 ? undefined : end)))
        if (operation !== undefined) add(operation)
      }
      start = end < 0 ? lines.length : end + 1
    }
  }

  async function write(): Promise<void> {
    const outdated = [...spans].filter(
      ([, { to }], index) => to < oldest() || index < spans.size + full.length + 1 - blocksAtMost,
    )
    if (unwritten === 0 && outdated.length === 0) return
    const written = unwritten === 0 ? [] : [...full, ...(block.operations.length > 0 ? [block] : [])]
    const before = unwritten
    // What a failure leaves is written the next time.
    await directory.commit({
      cause: { kind: 'server', id: 'operation log' },
      entries: [],
      records: [...written.flatMap(blockChanges), ...outdated.flatMap(([first]) => removed(first))],
    })
    full = full.filter((one) => !written.includes(one))
    unwritten -= before
    for (const [first] of outdated) spans.delete(first)
    for (const one of written) spans.set(one.first, spanOf(one))
  }

  async function* read(before = Number.POSITIVE_INFINITY): AsyncGenerator<LoggedOperation> {
    const from = oldest()
    const inMemory = [...full, block]
    const memory = new Set(inMemory.map(({ first }) => first))
    const stored = [...spans.keys()].filter((first) => !memory.has(first))
    for (const one of inMemory.toReversed()) yield* wanted(one.operations)
    for (const first of stored.toReversed()) {
      if (first >= before) continue
      const operations = await store.get(collection, ['block', keyOf(first)])
      if (operations !== undefined) yield* wanted(operations as unknown as readonly LoggedOperation[]) // written below
    }

    function* wanted(operations: readonly LoggedOperation[]) {
      for (const operation of operations.toReversed())
        if (operation.number < before && operation.time >= from) yield operation
    }
  }

  async function flush(): Promise<void> {
    if (dropped > 0) onProblem(new Error(`${dropped} operations came too fast to be kept`))
    dropped = 0
    await write().catch(onProblem)
  }

  return {
    take,
    read,
    flush,
    async run(signal) {
      while (!signal.aborted) {
        await flush()
        await clock.sleep(writeEveryMs, signal).catch(() => undefined)
      }
      await flush()
    },
  }
}

function blockChanges(block: Block): readonly RecordChange[] {
  const key = keyOf(block.first)
  return [
    { collection, key: ['block', key], value: [...block.operations] },
    { collection, key: ['span', key], value: spanOf(block) },
  ]
}

function removed(first: number): readonly RecordChange[] {
  return ['block', 'span'].map((part) => ({ collection, key: [part, keyOf(first)], value: undefined }))
}

function spanOf({ operations }: Block): Span {
  return { from: operations[0]?.time ?? '', to: operations.at(-1)?.time ?? '' }
}

function keyOf(first: number): string {
  return String(first).padStart(15, '0')
}
