import type { CountedFailures } from '../../server/directory/authentication/throttle-records.ts'
import { entryRefusal } from '../../server/directory/authentication/account-status.ts'
import {
  activeBlock,
  type AppPassword,
  type CredentialRecord,
} from '../../server/directory/credentials/credential-records.ts'
import { networkOf } from '../../server/runtime/address-network.ts'
import { isLoopbackAddress } from '../../server/runtime/loopback.ts'
import { networkTest } from '../../server/runtime/networks.ts'
import { textValuesOf } from '../file-entries.ts'
import { foldName } from '../reserved-names.ts'
import type { SignInFacts, SignInPerson } from './sign-in-facts.ts'

/** What a bind goes through, in its order. */
export type SignInStep = 'connection' | 'binder' | 'guessing' | 'name' | 'status' | 'password' | 'provider' | 'use'

/** One thing that was looked at, in the order of a bind. */
export interface Finding extends Judged {
  readonly step: SignInStep
}

interface Judged {
  /** `stops`: nobody gets in, whatever the password. `note`: worth knowing. `fine`: nothing is in the way. */
  readonly effect: 'stops' | 'note' | 'fine'
  readonly text: string
}

/** Why somebody can or cannot sign in. Pure: every fact comes with `facts`. */
export function signInFindings(facts: SignInFacts): readonly Finding[] {
  const [person, another] = facts.people
  return [
    ...of('connection', connectionFindings(facts)),
    ...of('binder', binderFindings(facts)),
    ...(person === undefined || another !== undefined
      ? of('name', [nameFinding(facts)])
      : personFindings(facts, person)),
  ]
}

function of(step: SignInStep, judged: readonly Judged[]): readonly Finding[] {
  return judged.map((each) => ({ step, ...each }))
}

function personFindings(facts: SignInFacts, person: SignInPerson): readonly Finding[] {
  const status = statusFindings(facts, person)
  const isStopped = status.some(({ effect }) => effect === 'stops')
  return [
    ...of('guessing', failureFindings(facts, person)),
    ...of('name', [namedFinding(facts, person)]),
    ...of('status', status),
    ...of('password', passwordFindings(facts, person)),
    // Who may not sign in is not asked about, for the same reason.
    ...(isStopped ? [] : of('provider', providerFindings(facts, person))),
    ...of('use', useFindings(facts, person)),
  ]
}

function connectionFindings({ address, ldap }: SignInFacts): readonly Judged[] {
  const { allowCleartextBind } = ldap
  if (allowCleartextBind === 'always') return [note('passwords are taken without TLS too (ldap.allowCleartextBind)')]
  if (allowCleartextBind === 'loopback' && address !== undefined && isLoopbackAddress(address))
    return [fine(`from ${address} passwords may come without TLS`)]
  const from = address === undefined ? '' : ` from ${address}`
  return [note(`without TLS a bind${from} is refused with confidentialityRequired (13): use ldaps:// or StartTLS`)]
}

function binderFindings({ binder, binderFacts, address }: SignInFacts): readonly Judged[] {
  if (binderFacts === undefined) return []
  if (!binderFacts.isKnown) {
    const names = binderFacts.names.length === 0 ? 'there are none' : `there are ${binderFacts.names.join(', ')}`
    return [stops(`there is no binder "${binder ?? ''}"; ${names}`)]
  }
  const { networks, requireTls, mayNotSearch, attributes, seesPerson } = binderFacts
  const unread = ['uid', 'memberOf'].filter(
    (name) => !(attributes ?? [name]).some((one) => one.toLowerCase() === name.toLowerCase()),
  )
  const findings = [
    ...(address !== undefined && !networkTest(networks)(address)
      ? [stops(`the binder ${binder ?? ''} may not come from ${address}: its networks are ${networks.join(', ')}`)]
      : []),
    ...(mayNotSearch ? [stops(`the binder ${binder ?? ''} may not search, so it finds nobody`)] : []),
    ...(seesPerson === false ? [stops(`the person is outside of the scope of the binder ${binder ?? ''}`)] : []),
    ...(requireTls ? [note(`the binder ${binder ?? ''} needs TLS`)] : []),
    ...(unread.length > 0 ? [note(`the binder ${binder ?? ''} does not see ${unread.join(' and ')}`)] : []),
  ]
  return findings.length > 0 ? findings : [fine(`the binder ${binder ?? ''} finds the person`)]
}

/** Nobody, or several. */
function nameFinding({ name, isFilled, people, known }: SignInFacts): Judged {
  if (people.length > 1)
    return stops(`"${name}" means ${people.length} people; bind as one of ${dnsOf(people).join('; ')}`)
  if (known.length > 0)
    return stops(
      known
        .map(({ label, source, status, reason }) => `${label} (${source}) is not served: ${status}: ${reason}`)
        .join('; '),
    )
  return isFilled
    ? stops(`nobody is called "${name}" here or at any provider`)
    : stops('not every provider has been read yet, so nobody is known; "rosterd sync" reads them')
}

function namedFinding({ name, ldap }: SignInFacts, person: SignInPerson): Judged {
  const { dn } = person.entry
  const isBindName = person.bindNames.some((one) => foldName(one) === foldName(name.trim()))
  if (!ldap.bindByName) return note(`clients have to bind with the DN ${dn} (ldap.bindByName is off)`)
  return isBindName || /=/.test(name)
    ? fine(`the name means ${dn}`)
    : note(`"${name}" is no name to bind with; clients have to send the DN ${dn} or ${person.bindNames.join(' or ')}`)
}

/** Binds that are refused unread, because guessing is slowed down. */
function failureFindings({ now, address, addressFailures }: SignInFacts, person: SignInPerson): readonly Judged[] {
  const network = address === undefined ? undefined : networkOf(address)
  const ofNetwork =
    network === undefined ? person.uses : person.uses.filter((use) => networkOf(use.address) === network)
  const isKnown = network !== undefined && ofNetwork.length > 0
  const findings = person.failures.flatMap((failures) => {
    const { subject, count, lastAt } = failures
    if (subject.kind === 'pair' && network !== undefined && subject.network !== network) return []
    const from = subject.kind === 'pair' ? ` from ${subject.network}` : ' from all addresses'
    const what = `${count} wrong ${count === 1 ? 'password' : 'passwords'}${from}, the last ${agoOf(lastAt, now)}`
    if (!isRefusedNow(failures, now)) return [note(what)]
    const text = `${what}; refused unread until ${failures.blockedUntil}: "rosterd throttle clear" ends that`
    return [network !== undefined && !(subject.kind === 'account' && isKnown) ? stops(text) : note(text)]
  })
  if (addressFailures !== undefined && isRefusedNow(addressFailures, now))
    findings.push(
      note(
        `${addressFailures.count} accounts failed from ${address ?? ''}; who has not signed in from there lately is refused until ${addressFailures.blockedUntil}, unless a binder comes from there too`,
      ),
    )
  return findings
}

function isRefusedNow({ blockedUntil }: CountedFailures, now: Date): boolean {
  return blockedUntil !== null && Date.parse(blockedUntil) > now.getTime()
}

function useFindings({ now }: SignInFacts, { uses }: SignInPerson): readonly Judged[] {
  const [last] = uses
  if (last === undefined) return [note('has not signed in lately')]
  const binder = last.binder === null ? '' : `, through the binder ${last.binder}`
  return [fine(`signed in ${agoOf(last.at, now)} from ${last.address}${binder}`)]
}

function statusFindings({ now, known }: SignInFacts, { entry, account }: SignInPerson): readonly Judged[] {
  const findings: Judged[] = []
  const refusal = entryRefusal((name) => textValuesOf(entry.attributes, name)[0], now)
  if (refusal !== undefined) {
    const reasons = known
      .filter(({ status }) => status !== 'active')
      .map(({ source, status, reason }) => `${source} is ${status}: ${reason}`)
    findings.push(stops([refusal, ...reasons].join('; ')))
  }
  const block = activeBlock(account, now)
  if (block !== undefined) {
    const end = block.until === null ? 'until it is lifted' : `until ${block.until}`
    findings.push(stops(`sign-in is blocked here by ${block.by} since ${block.since}, ${end}: ${block.reason}`))
  }
  return findings.length > 0 ? findings : [fine('the account is active and not blocked')]
}

function passwordFindings({ now, address }: SignInFacts, { credentials }: SignInPerson): readonly Judged[] {
  const records = [...credentials.values()]
  const of = <Kind extends CredentialRecord['kind']>(kind: Kind) =>
    records.filter((record): record is Extract<CredentialRecord, { kind: Kind }> => record.kind === kind)
  const findings: Judged[] = []
  const [directory] = of('directory')
  if (directory !== undefined) {
    findings.push(fine(`a directory password is set since ${directory.setAt}`))
    if (directory.mustChange) findings.push(note('the directory password has to be changed first'))
  }
  const imported = of('imported').length
  if (imported > 0) findings.push(fine(`${imported} password${imported > 1 ? 's' : ''} of an LDIF file`))
  findings.push(...of('app').map((one) => appPasswordFinding(one, now, address)))
  if (of('totp').some(({ isConfirmed }) => isConfirmed))
    findings.push(note('a second factor is on: the password is typed as "password,123456", but for app passwords'))
  return findings
}

function appPasswordFinding({ name, expiresAt, networks }: AppPassword, now: Date, address: string | undefined) {
  if (expiresAt !== null && Date.parse(expiresAt) <= now.getTime())
    return note(`the app password "${name}" has expired since ${expiresAt}`)
  return address !== undefined && !networkTest(networks)(address)
    ? note(`the app password "${name}" may not be used from ${address}: its networks are ${networks.join(', ')}`)
    : fine(`the app password "${name}" may be used`)
}

function providerFindings(facts: SignInFacts, person: SignInPerson): readonly Judged[] {
  const { provider, credentials, lastAnswer } = person
  const records = [...credentials.values()]
  if (records.some(({ kind }) => kind === 'directory' || kind === 'imported'))
    return [note('the password here counts; no provider is asked')]
  if (!provider.asked)
    return records.some(({ kind }) => kind === 'app')
      ? [note(`no other password is set, and no provider is asked: ${provider.reason}`)]
      : [stops(`no password is set, and no provider is asked: ${provider.reason}`)]
  const findings = [fine(`${provider.id} checks the password of ${provider.login}`)]
  if (lastAnswer === undefined) return [...findings, note(`${provider.id} was not asked lately`)]
  const { outcome, time } = lastAnswer
  const answer = outcome === 'right' ? 'the password was right' : lastAnswer.reason
  const text = `the last answer, ${agoOf(time, facts.now)}: ${answer}`
  findings.push(outcome === 'refused' ? stops(text) : outcome === 'right' ? fine(text) : note(text))
  const kept = credentials.get('provider')
  if (outcome === 'unavailable' && kept?.kind === 'provider')
    findings.push(
      note(`a password that was right ${agoOf(kept.checkedAt, facts.now)} is kept for the time of an outage`),
    )
  return findings
}

function agoOf(time: string, now: Date): string {
  const minutes = Math.round((now.getTime() - Date.parse(time)) / 60_000)
  return minutes < 1 ? `just now (${time})` : `${minutes} min ago (${time})`
}

function dnsOf(people: readonly SignInPerson[]): readonly string[] {
  return people.map(({ entry }) => entry.dn)
}

function stops(text: string): Judged {
  return { effect: 'stops', text }
}

function note(text: string): Judged {
  return { effect: 'note', text }
}

function fine(text: string): Judged {
  return { effect: 'fine', text }
}
