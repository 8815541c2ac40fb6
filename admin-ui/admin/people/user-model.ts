import type { Change } from '../../../server/directory/directory-store.ts'
import type { SignInState } from '../../../server/directory/credentials/sign-in-state.ts'
import type { EnrollmentRecord } from '../../../sync/enrollment/enrollment-record.ts'
import { addressWith } from '../../grid.ts'
import { stateOf } from '../../state.ts'
import { timeOf } from '../../time.ts'
import { entryModel, sourceModel } from './entry-model.ts'
import { addressOfRow, providerText, readinessNames, ruleName, statusOf } from './roster-text.ts'
import type { PersonDetails, ProviderName } from './services.ts'

export interface UserFacts {
  readonly details: PersonDetails
  readonly providers: readonly ProviderName[]
  readonly mayChange: boolean
  readonly now: Date
  /** What was typed, where a form was refused. */
  readonly typed?: { readonly reason: string; readonly until: string } | undefined
  readonly problem?: { readonly form: UserForm; readonly text: string } | undefined
}

/** Forms of the page. */
export type UserForm = 'sync' | 'password' | 'revoke' | 'block' | 'appPassword' | 'secondFactor' | 'invitation'

const noProblems: Readonly<Record<UserForm, string>> = {
  sync: '',
  password: '',
  revoke: '',
  block: '',
  appPassword: '',
  secondFactor: '',
  invitation: '',
}

/** Groups that are listed by name. */
const shownGroups = 200

export function userModel({ details, providers, mayChange, now, typed, problem }: UserFacts) {
  const { person, entry, sources, groups, passwordSource, signIn, sshKeys, enrollment, history } = details
  const places = sources.flatMap(({ place }) => (place === null ? [] : [place]))
  return {
    title: person.displayName === '' ? person.name : person.displayName,
    name: person.name,
    address: addressOfRow('/admin/users', person),
    mail: person.mail,
    ...statusOf(person),
    rule: person.rule === 'none' ? '' : ruleName(person.rule),
    entryUUID: person.entryUUID ?? '',
    isServed: entry !== null,
    provider: providerText(person.provider, providers),
    readiness: readinessNames[person.readiness],
    passwordSource:
      passwordSource === null
        ? ''
        : 'provider' in passwordSource
          ? providerText(passwordSource.provider, providers).name
          : `nobody: ${passwordSource.reason}`,
    enrollment: enrollment === null ? '' : enrollmentText(enrollment),
    mayResend: enrollment !== null && person.status !== 'deleted',
    explainAddress: addressWith('/admin/explain', { name: entry?.dn ?? person.name }),
    places: places.map(({ label, address }) => ({ label, address: address ?? '' })),
    entry: entry && entryModel(entry),
    sources: sources.map((source) => sourceModel(source, providers)),
    groups: groups.slice(0, shownGroups).map((group) => ({
      name: group.name,
      address: addressOfRow('/admin/groups', { id: group.entryUUID }),
    })),
    moreGroups: Math.max(0, groups.length - shownGroups),
    groupCount: groups.length,
    signIn: signIn && signInModel(signIn, now),
    sshKeys,
    changes: history.changes.map((change) => changeModel(change, now)),
    changesSince: history.since === null ? null : timeOf(history.since, now),
    forgottenBefore: history.forgottenBefore === null ? null : timeOf(history.forgottenBefore, now),
    mayChange: mayChange && signIn !== null,
    maySync: mayChange && person.sources.length > 0,
    isDeleted: person.status === 'deleted',
    typed: typed ?? { reason: '', until: '' },
    problems: { ...noProblems, ...(problem ? { [problem.form]: problem.text } : {}) },
  }
}

function signInModel(signIn: SignInState, now: Date) {
  const { block, directoryPassword, importedPasswords, appPasswords, providerPassword, secondFactor } = signIn
  return {
    block: block && {
      reason: block.reason,
      by: block.by,
      since: timeOf(block.since, now),
      until: block.until === null ? null : timeOf(block.until, now),
      isOver: block.isOver,
    },
    isBlocked: block !== null && !block.isOver,
    directoryPassword: directoryPassword && {
      state: directoryPassword.mustChange ? stateOf('warn', 'Has to be changed') : stateOf('good', 'Set'),
      setAt: timeOf(directoryPassword.setAt, now),
    },
    importedPasswords,
    providerPassword: providerPassword && {
      provider: providerPassword.provider,
      checkedAt: timeOf(providerPassword.checkedAt, now),
    },
    ntHash: signIn.ntHash,
    isPassThroughOff: signIn.passThrough === 'never',
    secondFactor:
      secondFactor === null
        ? stateOf('off', 'Off')
        : secondFactor.isConfirmed
          ? stateOf('good', 'On')
          : stateOf('warn', 'Begun, not confirmed'),
    hasSecondFactor: secondFactor !== null,
    recoveryCodes: secondFactor?.isConfirmed ? secondFactor.recoveryCodes : 0,
    appPasswords: appPasswords.map(({ id, name, createdAt, expiresAt, networks, lastUse }) => ({
      id,
      name,
      created: timeOf(createdAt, now),
      expires: expiresAt === null ? null : timeOf(expiresAt, now),
      networks: networks.join(', '),
      lastUse: lastUse && { at: timeOf(lastUse.at, now), address: lastUse.address },
    })),
    lastUses: signIn.lastUses.map(({ at, address, credential, binder }) => ({
      at: timeOf(at, now),
      address,
      binder: binder ?? '',
      credential: credentialText(credential, signIn),
    })),
    history: signIn.history.map(({ time, by, event, details }) => ({
      time: timeOf(time, now),
      by: by.replace(/^admin:/, '').replace(/^user:.*$/, 'themselves'),
      event,
      details: Object.entries(details)
        .filter(([, value]) => value !== null && value !== false && value !== 0)
        .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
        .join(', '),
    })),
  }
}

/** What somebody signed in with. */
function credentialText(id: string, { appPasswords }: Pick<SignInState, 'appPasswords'>): string {
  if (id === 'directory') return 'directory password'
  if (id === 'provider') return 'password of the provider'
  if (id.startsWith('ldif:')) return 'password of a file'
  const app = appPasswords.find((one) => `app:${one.id}` === id || one.id === id)
  return app === undefined ? 'a password that is gone' : `app password “${app.name}”`
}

function enrollmentText({ state, waiting, refused, mailedCount, enrolled, address }: EnrollmentRecord): string {
  if (state === 'enrolled' && enrolled !== null) return 'enrolled'
  if (waiting) return 'waits to be invited'
  if (refused !== null) return `invited, but the mail did not arrive: ${refused}`
  if (mailedCount > 0) return `invited ${mailedCount === 1 ? 'once' : `${mailedCount} times`}`
  return address === null ? 'no address to invite' : 'not invited'
}

const changeNames: Readonly<Record<Change['type'], string>> = {
  add: 'Added',
  modify: 'Changed',
  rename: 'Renamed',
  delete: 'Removed',
}

/** A value of a change is shown up to here. */
const longestValue = 120
const shownValues = 20

function changeModel({ number, time, cause, type, dn, previousDn, attributes }: Change, now: Date) {
  return {
    number: number.toLocaleString('en-GB'),
    time: timeOf(time, now),
    by: `${cause.kind} ${cause.id}`,
    what: changeNames[type],
    // What somebody was added with is the entry itself.
    attributes:
      type === 'add'
        ? []
        : attributes.map(({ attribute, removed, added }) => ({
            attribute,
            removed: removed.slice(0, shownValues).map(valueText),
            added: added.slice(0, shownValues).map(valueText),
            more: Math.max(0, removed.length - shownValues) + Math.max(0, added.length - shownValues),
          })),
    dn: type === 'rename' ? `${previousDn ?? ''} → ${dn}` : dn,
  }
}

function valueText(value: string | { readonly base64: string }): string {
  const text = typeof value === 'string' ? value : `(${Math.floor((value.base64.length * 3) / 4)} octets)`
  return text.length > longestValue ? `${text.slice(0, longestValue)}…` : text
}
