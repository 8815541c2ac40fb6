import { escapeDnValue, normalizeDn } from '../../protocol/distinguished-name.ts'
import { parseFilter } from '../../protocol/filter-string.ts'
import { networkTest } from '../../runtime/networks.ts'
import { sha256 } from '../../runtime/sha256.ts'
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
  private readonly stored = new Map<string, Binder>()
  private configured: ReadonlyMap<string, Binder> = new Map()
  private byName = new Map<string, Binder>()
  private byKey = new Map<string, Binder>()
  private configurations = 0

  constructor(configured: readonly Binder[], suffix: string) {
    this.suffix = suffix
    this.configure(configured)
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

  /** Those of another configuration. Who is bound with a secret that is another one now has to bind again. */
  configure(configured: readonly Binder[]): void {
    this.configurations += 1
    const before = this.configured
    const ofNow = configured.map((binder) => {
      const same = before.get(binder.rights.name.toLowerCase())
      return { ...binder, secrets: binder.secrets.map((secret) => this.known(secret, same)) }
    })
    this.configured = new Map(ofNow.map((binder) => [binder.rights.name.toLowerCase(), binder]))
    this.byName = new Map()
    this.byKey = new Map()
    for (const binder of this.stored.values()) if (!this.isConfigured(binder.rights.name)) this.add(binder)
    for (const binder of ofNow) this.add(binder)
  }

  /** A secret under the id that it had. */
  private known(secret: BinderSecretCheck, binder: Binder | undefined): BinderSecretCheck {
    const same = binder?.secrets.find(({ sha256 }) => sha256.equals(secret.sha256))
    if (same !== undefined) return same
    return this.configurations === 1 ? secret : { ...secret, id: `${secret.id}-${this.configurations}` }
  }

  private isConfigured(name: string): boolean {
    return this.configured.has(name.toLowerCase())
  }

  /** Takes in a change of the `binder` collection; others are nothing to it. A name of the configuration stays what it says there. */
  apply({ collection, key: [name = ''], value }: RecordChange): void {
    if (collection !== 'binder') return
    const record = readBinder(value)
    if (record === undefined) {
      this.stored.delete(name)
      if (!this.isConfigured(name)) this.remove(name)
      return
    }
    const secrets = record.secrets.map(({ id, sha256, endsAt }) => ({
      id,
      sha256: Buffer.from(sha256, 'base64'),
      endsAtMs: endsAt === null ? Number.POSITIVE_INFINITY : Date.parse(endsAt),
    }))
    const binder = binderOf(name, record, secrets)
    this.stored.set(name, binder)
    if (!this.isConfigured(name)) this.add(binder)
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
  return sha256(secret)
}
