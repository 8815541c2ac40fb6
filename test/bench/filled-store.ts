import { createReadStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { credentialChange } from '../../server/directory/credentials/credential-records.ts'
import type { RecordChange } from '../../server/directory/directory-store.ts'
import type { Entry } from '../../server/directory/entry.ts'
import { filledMark } from '../../server/directory/filled-mark.ts'
import { parseLdif } from '../../server/protocol/ldif.ts'
import { openLevelStore } from '../../server/storage/level-store.ts'
import { nameBasedUuid } from '../../sync/name-based-uuid.ts'

const entriesAtOnce = 20_000
const leftOut = new Set(['userPassword', 'memberOf'])

/** Writes the entries and passwords of an LDIF file into a new store, as a run of a provider would, without reading all of them at once. */
export async function fillStore(file: string, dataDir: string): Promise<void> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  await using store = await openLevelStore(join(dataDir, 'db'))
  const cause = { kind: 'run', id: 'bench' } as const
  for await (const text of piecesOf(file)) {
    const records: RecordChange[] = []
    const entries = parseLdif(text).map(({ dn, attributes }) => {
      const entryUUID = nameBasedUuid('bench', dn)
      const password = attributes.get('userPassword')?.[0]
      if (typeof password === 'string')
        records.push(credentialChange(entryUUID, 'ldif:0', { kind: 'imported', hash: password }))
      return { type: 'put' as const, entry: { dn, entryUUID, attributes: served(attributes, entryUUID) } }
    })
    await store.commit({ cause, entries, records })
  }
  await store.commit({ cause, entries: [], records: [filledMark] })
}

function served(attributes: Entry['attributes'], entryUUID: string): Entry['attributes'] {
  const now = ['20260101000000Z']
  return new Map([
    ...[...attributes].filter(([name]) => !leftOut.has(name)),
    ['rosterdSource', [`bench:${entryUUID}`]] as const,
    ['createTimestamp', now] as const,
    ['modifyTimestamp', now] as const,
  ])
}

/** Some records at a time. */
async function* piecesOf(file: string): AsyncGenerator<string> {
  let lines: string[] = []
  let count = 0
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })) {
    lines.push(line)
    if (line !== '' || ++count < entriesAtOnce) continue
    yield `${lines.join('\n')}\n`
    lines = []
    count = 0
  }
  if (lines.length > 0) yield `${lines.join('\n')}\n`
}
