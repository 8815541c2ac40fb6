import { imageMark } from '../directory/image-mark.ts'
import type { Row } from './backup-format.ts'
import { metaKey, recordKey } from './keys.ts'
import { encodeRecord } from './record-codec.ts'

/** What makes a store of one version a store of the next. */
export interface Migration {
  /** What changes, for an operator: it ends a sentence that begins with the version. */
  readonly what: string
  /**
   * The rows of the next version, in any order; they come in key order, those of a generation that is being written left
   * out. The row of the version is nobody's to look at.
   */
  readonly rows: (rows: AsyncIterable<Row>) => AsyncIterable<Row>
}

/** The step at place n makes version n + 2 of version n + 1: `test/fixtures/stores` has a store of each. Never changed, only added to. */
export const migrations: readonly Migration[] = []

/** Version that the first `steps` lead to. */
export function versionAfter(steps: readonly Migration[]): number {
  return 1 + steps.length
}

/** Rows of a store of version `from`, as they are after all further steps. They have no image: a step may change entries, and that is in no log. */
export async function* migratedRows(
  rows: AsyncIterable<Row>,
  from: number,
  steps: readonly Migration[] = migrations,
): AsyncGenerator<Row> {
  const versionKey = metaKey('storeVersion')
  const left = [versionKey, recordKey(imageMark.collection, imageMark.key)]
  async function* others(of: AsyncIterable<Row>): AsyncGenerator<Row> {
    for await (const row of of) if (!left.some((key) => key.equals(row[0]))) yield row
  }
  yield* steps.slice(from - 1).reduce<AsyncIterable<Row>>((before, step) => others(step.rows(before)), others(rows))
  yield [versionKey, encodeRecord(versionAfter(steps))]
}
