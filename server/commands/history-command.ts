import { changesOfEntry, knownChanges } from '../directory/change-history.ts'
import type { AttributeChange, Change } from '../directory/directory-store.ts'
import { type Command, ExitCode } from './command.ts'
import { entryNamed, type FoundEntry } from './named-entry.ts'

export interface HistoryInput {
  readonly name: string
  /** ISO 8601. */
  readonly since: string | undefined
  readonly until: string | undefined
  readonly limit: number
}

export interface History extends FoundEntry {
  /** Latest first. */
  readonly changes: readonly Change[]
  /** Older ones of the same time that were left out for the limit. */
  readonly more: number
  /** ISO 8601: changes before were forgotten; null: none was. */
  readonly forgottenBefore: string | null
}

/** `rosterd history`: what was done to an entry, when and by whom. Entries hold no secrets, so changes of them hold none. */
export const historyCommand: Command<HistoryInput, History> = {
  name: 'history',
  async execute(workspace, { name, ...range }) {
    const { store } = workspace.directory
    const entry = await entryNamed(workspace, name)
    const known = await knownChanges(store, workspace.clock.now())
    return { ...entry, ...(await changesOfEntry(store, entry.entryUUID, range)), forgottenBefore: known.since }
  },
  text({ dn, entryUUID, isServed, changes, more, forgottenBefore, formerHolders }) {
    const lines = [
      `${dn}${isServed ? '' : ', not served any more'}`,
      `  entryUUID: ${entryUUID}`,
      ...changes.flatMap(changeLines),
      ...(changes.length === 0 ? ['no changes'] : []),
      ...(more > 0 ? [`${more} older changes are not shown; --limit ${changes.length + more} shows them.`] : []),
      ...(forgottenBefore === null
        ? []
        : [`Changes before ${forgottenBefore} were forgotten (retention.changeLogDays): there may have been more.`]),
      ...formerHolders.map((holder) => `The name was once that of ${holder.dn} (${holder.entryUUID}) too.`),
    ]
    return `${lines.join('\n')}\n`
  },
  exitCode: () => ExitCode.ok,
}

const words: Readonly<Record<Change['type'], string>> = {
  add: 'added',
  modify: 'changed',
  rename: 'renamed',
  delete: 'removed',
}

function changeLines({ number, time, cause, type, dn, previousDn, attributes }: Change): readonly string[] {
  return [
    `${number}  ${time}  ${words[type]} by ${cause.kind} ${cause.id}`,
    ...(previousDn === undefined ? [] : [`  dn: ${previousDn} -> ${dn}`]),
    ...attributes.map((change) => `  ${change.attribute}: ${differenceText(change)}`),
  ]
}

function differenceText({ removed, added }: AttributeChange): string {
  if (removed.length === 0) return `+ ${valuesText(added)}`
  if (added.length === 0) return `- ${valuesText(removed)}`
  if (removed.length === 1 && added.length === 1) return `${valuesText(removed)} -> ${valuesText(added)}`
  return `- ${valuesText(removed)}; + ${valuesText(added)}`
}

const shownValues = 20

function valuesText(values: AttributeChange['added']): string {
  const shown = values.slice(0, shownValues).map(valueText).join(', ')
  return values.length > shownValues ? `${shown} and ${values.length - shownValues} more` : shown
}

function valueText(value: AttributeChange['added'][number]): string {
  return typeof value === 'string' ? value : `(${Buffer.from(value.base64, 'base64').length} octets)`
}
