import { storeVersion } from '../../server/storage/database.ts'
import { recordRange } from '../../server/storage/keys.ts'
import type { Migration } from '../../server/storage/migrations.ts'
import { decodeRecord, encodeRecord } from '../../server/storage/record-codec.ts'

/** Steps that change nothing, up to the version of this program. */
export const stepsUntilNow: readonly Migration[] = Array.from({ length: storeVersion - 1 }, () => ({
  what: 'nothing changes',
  rows: (rows) => rows,
}))

const { gte, lt } = recordRange('mirror', [])

/** A step that no version has: every record of a mirror is another. */
export const stepOfTomorrow: Migration = {
  what: 'records of mirrors say what they were',
  async *rows(rows) {
    for await (const [key, value] of rows) {
      const isOfMirror = key.compare(gte) >= 0 && key.compare(lt) < 0
      yield [key, isOfMirror ? encodeRecord({ was: decodeRecord(value) }) : value]
    }
  },
}
