import type { RecordChange } from '../directory/directory-store.ts'
import {
  confirmLink,
  type LinkContext,
  type LinkList,
  listLinks,
  separateLink,
} from '../../sync/identities/link-administration.ts'
import { type IdentityRecord, trusted } from '../../sync/ledgers.ts'
import type { Workspace } from '../workspace.ts'
import { type Command, ExitCode } from './command.ts'

/** `rosterd link list`: people of several sources, and newcomers that wait for an administrator's word. */
export const linkListCommand: Command<object, LinkList> = {
  name: 'link-list',
  execute: (workspace) => listLinks(contextOf(workspace)),
  text: ({ links, held }) =>
    [
      ...links.map(({ name, entryUUID, sources }) => {
        const list = sources.map(({ source, linked }) => `  ${source}${linked === null ? '' : ` (${linked} link)`}\n`)
        return `${name ?? 'nobody at present'} ${entryUUID}\n${list.join('')}`
      }),
      ...held.map(({ source, reason }) => `held: ${source} ${reason}\n`),
    ].join('') || 'Nobody is linked, and nobody is held.\n',
  exitCode: () => ExitCode.ok,
}

export interface LinkWordInput {
  /** `<provider id>:<immutable id>` */
  readonly source: string
  readonly by: string
}

/** `rosterd link confirm`: the source is the person named, and may authenticate it. */
export const linkConfirmCommand: Command<LinkWordInput & { to: string; retireIds: boolean }, string> = {
  name: 'link-confirm',
  execute: (workspace, { source, to, retireIds, by }) =>
    commit(workspace, by, (context) => confirmLink(source, to, retireIds, context)).then(() => source),
  text: (source) => `Confirmed. The next run of any provider serves ${source} so.\n`,
  exitCode: () => ExitCode.ok,
}

/** `rosterd link separate`: the source is nobody else. */
export const linkSeparateCommand: Command<LinkWordInput, string> = {
  name: 'link-separate',
  execute: (workspace, { source, by }) =>
    commit(workspace, by, (context) => separateLink(source, context)).then(() => source),
  text: (source) => `Set apart. The next run of any provider serves ${source} so.\n`,
  exitCode: () => ExitCode.ok,
}

async function commit(
  workspace: Workspace,
  by: string,
  decide: (context: LinkContext) => Promise<readonly RecordChange[]>,
): Promise<void> {
  await workspace.engine.exclusively(async () => {
    const records = await decide(contextOf(workspace))
    const left = await peopleLeft(workspace, records)
    await workspace.directory.commit({ cause: { kind: 'admin', id: by }, entries: [], records })
    for (const entryUUID of left) await workspace.webSessions.endOf(entryUUID)
  })
}

/** Whose identity a source has no more: it may have vouched for them in sessions that are open. */
async function peopleLeft({ directory }: Workspace, records: readonly RecordChange[]): Promise<readonly string[]> {
  const left: string[] = []
  for (const { collection, key, value } of records) {
    if (collection !== 'identity' || value !== undefined) continue
    const identity = await directory.store.get('identity', key)
    if (identity !== undefined) left.push(trusted<IdentityRecord>(identity).entryUUID)
  }
  return left
}

function contextOf({ directory, config, providers, clock }: Workspace): LinkContext {
  const tenants = new Map(providers.map(({ id, tenant }) => [id, tenant]))
  return { store: directory.store, config, tenants, now: clock.now() }
}
