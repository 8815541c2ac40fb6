import { readFile, stat } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import type { LdifProviderConfig } from '../../../server/runtime/config-schema.ts'
import type { IdentityProvider } from '../../identity-provider.ts'
import { ProviderError } from '../../provider-error.ts'
import { readSourceEntries } from './source-entries.ts'

/** Larger files do not belong into one string. */
const maxFileBytes = 512 * 1024 * 1024

/** A file of entries served verbatim. `directory` is what a relative path is relative to: the configuration's folder. */
export function createLdifProvider(
  config: LdifProviderConfig,
  parts: { readonly directory: string; readonly baseDn: string; readonly existingDns: readonly string[] },
): IdentityProvider {
  const path = isAbsolute(config.path) ? config.path : join(parts.directory, config.path)

  async function read(): Promise<string> {
    try {
      const bytes = await readFile(path)
      if (bytes.length > maxFileBytes) throw new Error(`more than ${maxFileBytes} bytes`)
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    } catch (cause) {
      throw new ProviderError({
        provider: config.id,
        call: `read ${path}`,
        what: cause instanceof Error ? cause.message : String(cause),
        advice: 'Check path, its permissions, and that it is UTF-8 text.',
        cause,
      })
    }
  }

  async function entries() {
    const text = await read()
    return readSourceEntries(text, {
      provider: config.id,
      file: path,
      baseDn: parts.baseDn,
      existingDns: parts.existingDns,
    })
  }

  return {
    id: config.id,
    type: config.type,
    tenant: `ldif:${config.id}`,
    async fetchAll(context) {
      context.traffic.calls++
      const all = await entries()
      context.onProgress({ step: 'entries', count: all.length })
      return { snapshot: { kind: 'entries', entries: all }, cursor: null }
    },
    async revision() {
      try {
        const { mtimeMs, size, ino } = await stat(path)
        return `${mtimeMs} ${size} ${ino}`
      } catch {
        return 'unreadable'
      }
    },
    async test() {
      try {
        const all = await entries()
        return [{ name: 'read file', ok: true, message: `${all.length} entries` }]
      } catch (error) {
        return [{ name: 'read file', ok: false, message: error instanceof Error ? error.message : String(error) }]
      }
    },
  }
}
