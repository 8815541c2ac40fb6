import type { ProviderServices, ShownProvider, SourceGroupSummary } from '../../admin-ui/admin/providers/services.ts'
import type { SyncServices } from '../../admin-ui/admin/sync/services.ts'
import { type Decision, decisionKey } from '../../sync/candidates.ts'
import type { SourceDomain, SourceGroup } from '../../sync/identity.ts'
import { trusted } from '../../sync/ledgers.ts'
import type { Logger } from '../../sync/logger.ts'
import { mirrorReader } from '../../sync/mirror.ts'
import { providerOverviews } from '../../sync/provider-overview.ts'
import type { BackgroundWork } from '../background-work.ts'
import type { AdminActor } from '../directory/administrators/admin-actions.ts'
import { actAsAdmin } from '../directory/administrators/admin-work.ts'
import { ChangeRefused } from '../directory/credentials/change-refused.ts'
import { signInRedirectUri } from '../self-service.ts'
import type { Workspace } from '../workspace.ts'

export interface ProviderServicesParts {
  readonly workspace: Workspace
  readonly background: BackgroundWork
  readonly logger: Pick<Logger, 'info'>
  readonly sync: Pick<SyncServices, 'start'>
}

/** Providers as the pages see them. What depends on them may be replaced at any time, and is asked for when it is used. */
export function providerServices({ workspace, background, logger, sync }: ProviderServicesParts): ProviderServices {
  const { directory, managedProviders, authorizations, clock } = workspace
  const { store } = directory
  const { publicUrl } = workspace.config.admin

  function providerOf(id: string): Workspace['providers'][number] {
    const found = workspace.providers.find((provider) => provider.id === id)
    if (found === undefined) throw new ChangeRefused(`There is no provider "${id}", or not any more.`)
    return found
  }

  /** In the record, and to its end also when nobody waits. */
  function act<T>(by: AdminActor, event: string, subject: string, work: () => Promise<T>): Promise<T> {
    const action = { event, subject, before: null, after: null }
    return background.start(event, () => actAsAdmin({ directory, clock, logger }, by, action, work))
  }

  async function summaryOf(provider: string, group: SourceGroup): Promise<SourceGroupSummary> {
    const value = await store.get('decision', decisionKey(provider, 'group', group.id).split('\0'))
    const decision = value === undefined ? undefined : trusted<Decision>(value)
    return {
      id: group.id,
      name: group.name,
      mail: group.mail,
      members: group.userIds.length + group.groupIds.length,
      verdict: decision === undefined ? null : { status: decision.status, reason: decision.reason },
    }
  }

  return {
    redirectUris: {
      authorize: `${publicUrl.replace(/\/+$/, '')}/authorize/callback`,
      signIn: signInRedirectUri(publicUrl),
    },
    async list() {
      const adopted = new Set(await managedProviders.shadowed())
      const overviews = await providerOverviews({ ...workspace, store })
      return overviews.flatMap((overview): ShownProvider[] => {
        const { id } = overview
        const settings = workspace.config.providers.find((one) => one.id === id)
        if (settings === undefined) return []
        const takesAccounts = workspace.providers.find((one) => one.id === id)?.accounts !== undefined
        const isManaged = managedProviders.isManaged(id)
        return [{ ...overview, settings, isManaged, isAdopted: adopted.has(id), takesAccounts }]
      })
    },
    preview: (draft, about) => managedProviders.preview(draft, about),
    previewAcceptance: (id) => workspace.engine.preview(workspace.config, undefined, id),
    previewRemoval: (id) => managedProviders.previewRemoval(id),
    add: (draft, by) => managedProviders.add(draft, by),
    edit: (id, draft, by) => managedProviders.edit(id, draft, by),
    remove: (id, by) => background.start('provider removed', () => managedProviders.remove(id, by)),
    move: (id, where, by) => managedProviders.move(id, where, by),
    adopt: (id, by) => managedProviders.adopt(id, by),
    accept: (id, by) => act(by, 'first plan accepted', id, () => workspace.engine.control.resume(id, by.name)),
    test: (id, signal) => providerOf(id).test(signal),
    authorize(id, purposes, by) {
      providerOf(id)
      const link = () => workspace.authorizationLinks.create(id, purposes, by.name)
      return act(by, 'authorization link made', id, link)
    },
    forget: (id, authorization, by) =>
      act(by, 'authorization forgotten', id, async () => {
        providerOf(id)
        const forgotten = await authorizations.forget(id, authorization)
        if (forgotten === undefined) throw new ChangeRefused('That account is forgotten already.')
        return forgotten
      }),
    async groups(id, search, limit) {
      const wanted = search.toLowerCase()
      const found: SourceGroup[] = []
      for await (const group of mirrorReader(store, id).groups()) {
        const names = [group.name, group.mail ?? '', group.id]
        if (names.some((name) => name.toLowerCase().includes(wanted))) found.push(group)
      }
      found.sort((a, b) => a.name.localeCompare(b.name, 'en') || (a.id < b.id ? -1 : 1))
      const shown = found.slice(0, limit).map((group) => summaryOf(id, group))
      return { found: await Promise.all(shown), total: found.length }
    },
    async groupNames(id, ids) {
      const names = new Map<string, string>()
      for (const each of new Set(ids)) {
        const group = await mirrorReader(store, id).group(each)
        if (group !== undefined) names.set(each, group.name)
      }
      return names
    },
    async domains(id) {
      const domains: SourceDomain[] = []
      for await (const { value } of store.list('mirror', [id, 'domain'])) domains.push(trusted<SourceDomain>(value))
      return domains
    },
    refresh: (id, by) => sync.start(id, false, by),
  }
}
