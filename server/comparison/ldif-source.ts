import { createReadStream } from 'node:fs'
import { DnSyntaxError, normalizeDn } from '../protocol/distinguished-name.ts'
import { LdifSyntaxError, parseLdif } from '../protocol/ldif.ts'
import { type PlainEntry, plainEntry } from './plain-entry.ts'

/**
 * The entries of an LDIF file, those at or below `base` when it is given, however large the file is. Throws an Error that names file
 * and line.
 */
export async function readLdifFile(path: string, base: string | undefined): Promise<readonly PlainEntry[]> {
  const baseKey = base === undefined ? '' : normalizeDn(base)
  const entries: PlainEntry[] = []
  for await (const { text, line } of parts(path)) {
    for (const { dn, attributes, line: at } of parsed(path, text, line)) {
      if (comparable(path, at, dn).startsWith(baseKey)) entries.push(plainEntry(dn, attributes))
    }
  }
  return entries
}

function parsed(path: string, text: string, firstLine: number) {
  try {
    return parseLdif(text, firstLine)
  } catch (error) {
    if (!(error instanceof LdifSyntaxError)) throw error
    throw new Error(`${path}: is not LDIF as slapcat or "ldapsearch -LLL" print it`, { cause: error })
  }
}

function comparable(path: string, line: number, dn: string): string {
  try {
    return normalizeDn(dn)
  } catch (error) {
    if (error instanceof DnSyntaxError) throw new Error(`${path}: line ${line} names no entry`, { cause: error })
    throw error
  }
}

/** Pieces of the file that end between two records. */
async function* parts(path: string): AsyncGenerator<{ text: string; line: number }> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let rest = ''
  let line = 1
  for await (const octets of createReadStream(path)) {
    rest += decode(octets as Buffer) // a stream without encoding gives Buffers
    const end = Math.max(rest.lastIndexOf('\n\n'), rest.lastIndexOf('\n\r\n')) + 1
    if (end === 0) continue
    const text = rest.slice(0, end)
    yield { text, line }
    line += text.split('\n').length - 1
    rest = rest.slice(end)
  }
  yield { text: rest + decode(), line }

  function decode(octets?: Buffer): string {
    try {
      return octets === undefined ? decoder.decode() : decoder.decode(octets, { stream: true })
    } catch {
      throw new Error(`${path}: is not UTF-8 text; LDIF writes other values in base64`)
    }
  }
}
