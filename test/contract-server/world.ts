import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { EntraFreedoms } from './entra-freedoms.ts'
import { EntraTenant } from './entra-tenant.ts'
import { type OktaFreedoms, OktaOrg } from './okta-org.ts'
import type { Misfortune, Service } from './service.ts'
import type { Truth } from './truth.ts'

/** Something that may happen in a tenant or org; numbers choose among what is there. */
export interface Mutation {
  readonly what:
    | 'come'
    | 'rename'
    | 'retitle'
    | 'clear'
    | 'block'
    | 'unblock'
    | 'go'
    | 'return'
    | 'newGroup'
    | 'renameGroup'
    | 'describeGroup'
    | 'dropGroup'
    | 'join'
    | 'leave'
    | 'nest'
    | 'forget'
  readonly a: number
  readonly b: number
}

/** A tenant or org with the provider that reads it. */
export interface World extends AsyncDisposable {
  readonly service: Service
  /** As the configuration has it. */
  readonly provider: { readonly id: string; readonly [setting: string]: unknown }
  readonly truth: Truth
  /** How long it takes until everything tells of a mutation. */
  readonly lagMs: number
  /** What a repeat gets over, new tokens and new listings included. */
  readonly passing: readonly Misfortune[]
  mutate(mutation: Mutation): void
}

const passing: readonly Misfortune[] = ['cut', 'unavailable', 'throttled', 'expiredToken', 'expiredCursor']

const at = <T>(from: readonly T[], index: number): T | undefined => from[index % Math.max(1, from.length)]

export async function entraWorld(freedoms: EntraFreedoms, now: () => Date): Promise<World> {
  const tenant = await EntraTenant.start(freedoms, now)
  const { directory } = tenant
  let count = 0
  /** Some can come back. */
  const recycleBin: string[] = []
  const person = ({ a }: Mutation) => at(directory.truth.people, a)?.id
  const group = ({ b }: Mutation) => at(directory.truth.groups, b)?.id
  const address = () => `${count % 3 === 0 ? 'Pe.' : 'p'}${++count}@contract.example`

  function mutate(mutation: Mutation): void {
    const { what, a, b } = mutation
    const which = group(mutation)
    const who = what === 'come' ? undefined : person(mutation)
    switch (what) {
      case 'come': {
        const userPrincipalName = address()
        const id = directory.addPerson({
          userPrincipalName,
          ...(a % 3 === 0 ? {} : { displayName: `Zoë ${count} “Ünï” 会議`, surname: 'Ünï' }),
          ...(a % 4 === 0 ? {} : { mail: userPrincipalName.toLowerCase() }),
          ...(a % 2 === 0 ? { userType: null } : { jobTitle: `Title ${b}` }),
        })
        if (which !== undefined && b % 2 === 0) directory.setMember(which, id, 'user', true)
        return
      }
      case 'rename':
        return who === undefined ? undefined : directory.change('users', who, { userPrincipalName: address() })
      case 'retitle':
        return who === undefined ? undefined : directory.change('users', who, { jobTitle: `Title ${++count}` })
      case 'clear':
        return who === undefined
          ? undefined
          : directory.change('users', who, b % 2 === 0 ? { jobTitle: null } : { mail: null })
      case 'block':
      case 'unblock':
        return who === undefined ? undefined : directory.change('users', who, { accountEnabled: what === 'unblock' })
      case 'go':
        if (who === undefined) return
        directory.remove('users', who, b % 3 === 0 ? 'deleted' : 'changed')
        if (b % 3 !== 0) recycleBin.push(who)
        return
      case 'return': {
        const returning = recycleBin.shift()
        return returning === undefined ? undefined : directory.restore(returning)
      }
      case 'newGroup': {
        const mail = a % 2 === 0 ? {} : { mail: `g${count}@contract.example`, mailEnabled: true }
        const id = directory.addGroup({ displayName: `Group ${++count}`, ...mail })
        for (const each of directory.truth.people.slice(0, a % 40)) directory.setMember(id, each.id, 'user', true)
        return
      }
      case 'renameGroup':
        return which === undefined ? undefined : directory.change('groups', which, { displayName: `Group ${++count}` })
      case 'describeGroup':
        return which === undefined
          ? undefined
          : directory.change('groups', which, { description: a % 2 === 0 ? null : `About ${a}` })
      case 'dropGroup':
        return which === undefined ? undefined : directory.remove('groups', which, a % 2 === 0 ? 'deleted' : 'changed')
      case 'join':
      case 'leave':
        return who === undefined || which === undefined
          ? undefined
          : directory.setMember(which, who, 'user', what === 'join')
      case 'nest': {
        const inner = at(directory.truth.groups, a)?.id
        if (which === undefined || inner === undefined || inner === which) return
        const type = a % 4 === 0 ? 'device' : 'group'
        directory.setMember(which, type === 'device' ? directory.addDevice() : inner, type, b % 3 !== 0)
        return
      }
      case 'forget':
        if (a % 2 === 0) tenant.forgetDeltas()
        else tenant.expireTokens()
        return
      default:
        what satisfies never
    }
  }

  return {
    service: tenant.service,
    provider: {
      id: 'contoso',
      type: 'entra',
      name: 'Contoso',
      ...tenant.settings,
      credentials: [{ kind: 'application', clientSecret: tenant.clientSecret }],
      filters: { groupsWithoutEmail: true },
    },
    get truth() {
      return directory.truth
    },
    lagMs: 0,
    passing,
    mutate,
    [Symbol.asyncDispose]: () => tenant[Symbol.asyncDispose](),
  }
}

const unknownStatuses = ['SUSPENDED', 'DEPROVISIONED', 'STAGED', 'TRANSITIONING']
const knownStatuses = ['ACTIVE', 'LOCKED_OUT', 'PASSWORD_EXPIRED', 'RECOVERY', 'PROVISIONED']

export async function oktaWorld(freedoms: OktaFreedoms, now: () => Date): Promise<World> {
  const org = await OktaOrg.start(freedoms, now)
  const { directory } = org
  const folder = await mkdtemp(join(tmpdir(), 'rosterd-okta-'))
  const privateKeyFile = join(folder, 'key.pem')
  await writeFile(privateKeyFile, org.privateKey)
  let count = 0
  directory.addGroup({ name: 'Everyone', description: 'All' }, 'BUILT_IN')
  const person = ({ a }: Mutation) => at(directory.truth.people, a)?.id
  const group = ({ b }: Mutation) => at(directory.truth.groups, b)?.id
  const address = () => `${count % 3 === 0 ? 'We.' : 'w'}${++count}@contract.example`

  function mutate(mutation: Mutation): void {
    const { what, a, b } = mutation
    const which = group(mutation)
    const who = what === 'come' ? undefined : person(mutation)
    switch (what) {
      case 'come': {
        const login = address()
        const names = a % 3 === 0 ? {} : { lastName: 'Ünï', displayName: `Zoë ${count} 会議` }
        const title = a % 2 === 0 ? {} : { title: `Title ${b}` }
        const profile = { login, email: login.toLowerCase(), firstName: 'Zoë', ...names, ...title }
        const id = directory.addUser(profile, a % 5 === 0 ? 'STAGED' : 'ACTIVE')
        if (which !== undefined && b % 2 === 0) directory.setMember(which, id, true)
        return
      }
      case 'rename':
        return who === undefined ? undefined : directory.change(who, { login: address() })
      case 'retitle':
        return who === undefined ? undefined : directory.change(who, { title: `Title ${++count}` })
      case 'clear':
        return who === undefined ? undefined : directory.change(who, { title: null })
      case 'block':
        return who === undefined ? undefined : directory.setStatus(who, at(unknownStatuses, b) ?? '')
      case 'unblock':
      case 'return':
        return who === undefined ? undefined : directory.setStatus(who, at(knownStatuses, b) ?? '')
      case 'go':
        return who === undefined ? undefined : directory.deleteUser(who)
      case 'newGroup': {
        const id = directory.addGroup({ name: `Group ${++count}`, ...(a % 2 === 0 ? {} : { description: null }) })
        for (const each of directory.truth.people.slice(0, a % 40)) directory.setMember(id, each.id, true)
        return
      }
      case 'renameGroup':
        return which === undefined ? undefined : directory.changeGroup(which, { name: `Group ${++count}` })
      case 'describeGroup':
        return which === undefined
          ? undefined
          : directory.changeGroup(which, { description: a % 2 === 0 ? null : `About ${a}` })
      case 'dropGroup':
        return which === undefined ? undefined : directory.deleteGroup(which)
      case 'join':
      case 'leave':
        return who === undefined || which === undefined ? undefined : directory.setMember(which, who, what === 'join')
      case 'nest':
        return
      case 'forget':
        return org.expireTokens()
      default:
        what satisfies never
    }
  }

  const { access } = freedoms
  return {
    service: org.service,
    provider: {
      id: 'acme',
      type: 'okta',
      name: 'Acme',
      orgUrl: org.service.origin,
      ...(access === 'token' ? { apiToken: org.apiToken } : { oauth: { clientId: org.clientId, privateKeyFile } }),
    },
    get truth() {
      return directory.truth
    },
    lagMs: freedoms.lagMs,
    // An API token cannot be renewed.
    passing: access === 'token' ? passing.filter((kind) => kind !== 'expiredToken') : passing,
    mutate,
    async [Symbol.asyncDispose]() {
      await org[Symbol.asyncDispose]()
      await rm(folder, { recursive: true })
    },
  }
}
