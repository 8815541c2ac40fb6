import { createHash } from 'node:crypto'
import { escapeDnValue, normalizeDn } from '../../protocol/distinguished-name.ts'
import { parseFilter } from '../../protocol/filter-string.ts'
import { networkTest } from '../../runtime/networks.ts'
import type { BinderRights } from '../access-control.ts'
import { type BinderSettings, readBinder } from '../credentials/binder-records.ts'
import type { RecordChange } from '../directory-store.ts'

/** A service account, from wherever. */
export interface Binder {
  readonly rights: BinderRights
  readonly secrets: readonly BinderSecretCheck[]
  readonly isAllowedFrom: (address: string) => boolean
  readonly requireTls: boolean
}

export interface BinderSecretCheck {
  /** As last uses have it. */
  readonly id: string
  readonly sha256: Buffer
  readonly endsAtMs: number
}

/** Service accounts by their DNs and names, as they are now: those of the configuration, and those of the store. */
export class BinderRegistry {
  private readonly suffix: string
  private readonly configured: ReadonlySet<string>
  private readonly byName = new Map<string, Binder>()
  private readonly byKey = new Map<string, Binder>()

  constructor(configured: readonly Binder[], suffix: string) {
    this.suffix = suffix
    this.configured = new Set(configured.map(({ rights }) => rights.name.toLowerCase()))
    for (const binder of configured) this.add(binder)
  }

  /** By the normalized form of `cn=<name>,ou=services,<suffix>` or `cn=<name>,<suffix>`. */
  find(key: string): Binder | undefined {
    return this.byKey.get(key)
  }

  named(name: string): Binder | undefined {
    return this.byName.get(name)
  }

  rights(name: string): BinderRights | undefined {
    return this.byName.get(name)?.rights
  }

  /** Takes in a change of the `binder` collection; others are nothing to it. A name of the configuration stays what it says there. */
  apply({ collection, key: [name = ''], value }: RecordChange): void {
    if (collection !== 'binder' || this.configured.has(name.toLowerCase())) return
    const record = readBinder(value)
    if (record === undefined) return this.remove(name)
    const secrets = record.secrets.map(({ id, sha256, endsAt }) => ({
      id,
      sha256: Buffer.from(sha256, 'base64'),
      endsAtMs: endsAt === null ? Number.POSITIVE_INFINITY : Date.parse(endsAt),
    }))
    return this.add(binderOf(name, record, secrets))
  }

  private add(binder: Binder): void {
    this.byName.set(binder.rights.name, binder)
    for (const key of binderKeys(binder.rights.name, this.suffix)) this.byKey.set(key, binder)
  }

  private remove(name: string): void {
    this.byName.delete(name)
    for (const key of binderKeys(name, this.suffix)) this.byKey.delete(key)
  }
}

/** The normalized forms of the DNs that it binds with. */
export function binderKeys(name: string, suffix: string): readonly string[] {
  const rdn = `cn=${escapeDnValue(name)}`
  return [binderDn(name, suffix), `${rdn},${suffix}`].map((dn) => normalizeDn(dn))
}

export function binderDn(name: string, suffix: string): string {
  return `cn=${escapeDnValue(name)},ou=services,${suffix}`
}

/** Throws for settings that {@link binderProblems} finds fault with. */
export function binderOf(name: string, settings: BinderSettings, secrets: readonly BinderSecretCheck[]): Binder {
  const { scope, attributes, networks, requireTls, grants } = settings
  return {
    rights: {
      name,
      scope:
        scope === 'tree'
          ? scope
          : {
              subtrees: scope.subtrees.map((dn) => normalizeDn(dn)),
              filter: scope.filter === null ? undefined : parseFilter(scope.filter),
            },
      attributes,
      ntHash: grants.includes('ntHash'),
      mayNotSearch: grants.includes('mayNotSearch'),
    },
    secrets,
    isAllowedFrom: networkTest(networks),
    requireTls,
  }
}

export function secretHash(secret: string | Uint8Array): Buffer {
  return createHash('sha256').update(secret).digest()
}
