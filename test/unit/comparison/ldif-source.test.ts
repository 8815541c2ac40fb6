import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readLdifFile } from '../../../server/comparison/ldif-source.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rosterd-ldif-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function read(content: string | Uint8Array, base?: string) {
  const path = join(folder, 'old.ldif')
  await writeFile(path, content)
  return await readLdifFile(path, base)
}

describe('an LDIF file', () => {
  test('larger than what is read at once gives every entry once, wherever it is cut', async () => {
    const count = 20_000
    const records = Array.from(
      { length: count },
      (_, i) =>
        `# entry ${i}\r\ndn: uid=p${i},ou=people,\r\n dc=x\r\nuid: p${i}\r\ncn:: ${btoa(`Person ${i}`)}\r\n\r\n`,
    )
    const entries = await read(`version: 1\r\n\r\n${records.join('\r\n')}`)
    expect(new Set(entries.map(({ dn }) => dn)).size).toBe(count)
    expect(entries.at(-1)?.attributes.get('cn')).toEqual([`Person ${count - 1}`])
  })

  test('gives base64, text that is cut within a letter, and options of attributes', async () => {
    const long = 'ö'.repeat(100_000)
    const entries = await read(`\ufeffdn:: ${Buffer.from('uid=zoë,dc=x').toString('base64')}\nmail;lang-de: ${long}\n`)
    expect(entries[0]?.dn).toBe('uid=zoë,dc=x')
    expect(entries[0]?.attributes.get('mail')).toEqual([long])
  })

  test('is read below a base alone when one is named', async () => {
    const text = 'dn: uid=a,ou=p,dc=x\nuid: a\n\ndn: uid=b,ou=q,dc=x\nuid: b\n'
    expect((await read(text, 'OU=q, DC=x')).map(({ dn }) => dn)).toEqual(['uid=b,ou=q,dc=x'])
  })

  test('that is none is refused with the line', async () => {
    const good = 'dn: uid=a,dc=x\nuid: a\n\n'.repeat(10_000)
    const cause = expect.objectContaining({ message: expect.stringContaining('line 30002: expected') })
    await expect(read(`${good}dn: uid=b,dc=x\nno colon\n`)).rejects.toThrow(
      expect.objectContaining({ message: expect.stringContaining('is not LDIF'), cause }),
    )
    await expect(read(`${good}dn: not a DN\n`)).rejects.toThrow('line 30001 names no entry')
    await expect(read(Uint8Array.of(0x64, 0xff, 0x0a))).rejects.toThrow('is not UTF-8 text')
  })
})
