import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import type { RequestHandler } from 'express'
import { HttpProblem } from './http-problem.ts'

/** Style sheet, scripts and icons, kept in memory under names that change with their contents. */
export interface Assets {
  /** Addresses, by file name without extension. */
  readonly addresses: Readonly<Record<string, string>>
  /** Answers `/assets/:file`; browsers keep what they got for a year. */
  readonly handler: RequestHandler
}

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}

export async function loadAssets(folder = join(import.meta.dirname, 'assets')): Promise<Assets> {
  const addresses: Record<string, string> = {}
  const files = new Map<string, { readonly type: string; readonly octets: Buffer }>()
  for (const file of await readdir(folder)) {
    const extension = extname(file)
    const type = types[extension]
    if (type === undefined) throw new Error(`admin-ui/assets: ${file} is of a kind that is not served.`)
    const octets = await readFile(join(folder, file))
    const name = file.slice(0, -extension.length)
    const served = `${name}.${createHash('sha256').update(octets).digest('hex').slice(0, 12)}${extension}`
    files.set(served, { type, octets })
    addresses[name] = `/assets/${served}`
  }
  return {
    addresses,
    handler(request, response) {
      const found = files.get(String(request.params['file']))
      if (found === undefined) throw new HttpProblem(404, 'There is nothing at this address.')
      response.setHeader('Cache-Control', 'public, max-age=31536000, immutable')
      response.setHeader('Content-Type', found.type)
      response.send(found.octets)
    },
  }
}
