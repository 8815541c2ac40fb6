import type { BinderSettings } from '../../../server/directory/credentials/binder-records.ts'
import type { ListedSecret } from '../../../server/directory/credentials/binders.ts'
import { type State, stateOf } from '../../state.ts'
import { timeOf } from '../../time.ts'
import { configurationOf, fieldsOf } from './binder-description.ts'
import type { ShownBinder } from './services.ts'
import { descending } from '../../../server/runtime/order.ts'

/** Clients named in a table; there may be some hundreds. */
const clientsShown = 50

/** A row of the list. */
export function binderRow(binder: ShownBinder, now: Date) {
  const { name, dn, isConfigured, secrets } = binder
  const clients = new Set(secrets.flatMap(({ uses }) => uses.map(({ address }) => address)))
  const last = latest(secrets)
  return {
    name,
    address: addressOf(name),
    dn,
    isConfigured,
    limits: limitsOf(binder),
    state: stateOfBinder(binder, now),
    clients: clients.size,
    isOneClient: clients.size === 1,
    lastUse: last === undefined ? null : { at: timeOf(last.at, now), address: last.address },
  }
}

/** Everything of one binder. */
export function binderModel(binder: ShownBinder, now: Date) {
  const { name, secrets } = binder
  const [, ...older] = secrets
  return {
    ...binderRow(binder, now),
    secrets: secrets.map((secret, index) => shownSecret(secret, index === 0, now)),
    /** Clients that stop working when the older secrets end. */
    clientsOnOldSecrets: new Set(older.flatMap(({ uses }) => uses.map(({ address }) => address))).size,
    configuration: configurationOf(name, binder),
    fields: fieldsOf(binder),
  }
}

export function addressOf(name: string): string {
  return `/admin/binders/${encodeURIComponent(name)}`
}

function shownSecret({ id, createdAt, endsAt, uses }: ListedSecret, isNewest: boolean, now: Date) {
  return {
    id,
    state: isNewest ? stateOf('good', 'Newest') : stateOf('warn', 'Being replaced'),
    created: createdAt === null ? null : timeOf(createdAt, now),
    ends: endsAt === null ? null : timeOf(endsAt, now),
    uses: uses.slice(0, clientsShown).map(({ address, at }) => ({ address, at: timeOf(at, now) })),
    moreUses: Math.max(0, uses.length - clientsShown),
  }
}

/** What it may do, in a few words each. */
function limitsOf({ scope, attributes, networks, requireTls, grants }: BinderSettings): readonly string[] {
  return [
    scope === 'tree'
      ? 'Whole tree'
      : `${scope.subtrees.join(' and ')}${scope.filter === null ? '' : ` with ${scope.filter}`}`,
    attributes === '*' ? 'all attributes' : `only ${attributes.join(', ')}`,
    networks.length === 0 ? 'from anywhere' : `from ${networks.join(', ')}`,
    ...(requireTls ? ['TLS needed'] : []),
    ...(grants.includes('ntHash') ? ['reads NT hashes'] : []),
    ...(grants.includes('mayNotSearch') ? ['may not search'] : []),
  ]
}

function stateOfBinder({ secrets, isUnused }: ShownBinder, now: Date): State {
  const old = secrets.slice(1).find(({ uses, endsAt }) => uses.length > 0 && endsAt !== null)
  if (old?.endsAt) return stateOf('warn', `Old secret used, ends ${timeOf(old.endsAt, now).relative}`)
  if (latest(secrets) === undefined) return stateOf('off', 'Never used')
  return isUnused ? stateOf('off', 'Unused for 90 days') : stateOf('good', 'In use')
}

function latest(secrets: readonly ListedSecret[]) {
  return secrets.flatMap(({ uses }) => uses).toSorted(descending(({ at }) => at))[0]
}
