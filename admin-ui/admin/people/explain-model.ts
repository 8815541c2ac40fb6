import type { Finding, SignInStep } from '../../../sync/sign-in/sign-in-findings.ts'
import { addressWith } from '../../grid.ts'
import { type State, stateOf } from '../../state.ts'
import type { ExplainQuery } from './inputs.ts'
import { addressOfRow } from './roster-text.ts'
import type { ExplainedSignIn, NamedEntry } from './services.ts'

const stepNames: Readonly<Record<SignInStep, string>> = {
  connection: 'Connection',
  binder: 'LDAP binder',
  guessing: 'Wrong passwords',
  name: 'Name',
  status: 'Account',
  password: 'Passwords kept here',
  provider: 'Provider',
  use: 'Last sign-in',
}

const effects: Readonly<Record<Finding['effect'], State>> = {
  stops: stateOf('bad', 'Stops it'),
  note: stateOf('warn', 'Worth knowing'),
  fine: stateOf('good', 'Fine'),
}

export interface ExplainFacts {
  readonly query: ExplainQuery
  /** What is wrong with the address that was typed. */
  readonly problem: string
  readonly binders: readonly string[]
  /** undefined: nobody was asked about. */
  readonly explained: ExplainedSignIn | undefined
}

export function explainModel({ query, problem, binders, explained }: ExplainFacts) {
  const { name, address = '', binder } = query
  return {
    title: 'Why can’t X sign in?',
    name,
    address,
    problem,
    binders: binders.map((one) => ({ name: one, isChosen: one === binder })),
    answer: explained === undefined ? null : answerModel(query, explained),
  }
}

function answerModel(query: ExplainQuery, { people, findings }: ExplainedSignIn) {
  const [person, another] = people
  const only = another === undefined ? person : undefined
  const who = only?.name ?? query.name
  const stopping = findings.filter(({ effect }) => effect === 'stops').length
  return {
    headline: stopping > 0 ? `${who} cannot sign in` : `Nothing here stops ${who}`,
    summary:
      stopping > 0
        ? stopping === 1
          ? 'One thing stops it.'
          : `${stopping} things stop it.`
        : 'It is for the password to decide.',
    state: stopping > 0 ? stateOf('bad', 'Stopped') : stateOf('good', 'Not stopped'),
    people: people.map((one) => ({ name: one.name, address: personAddress(one) })),
    steps: findings.map(({ step, effect, text }) => ({
      name: stepNames[step],
      state: effects[effect],
      text: sentence(text),
      link: effect === 'fine' ? null : placeOf(step, query, only),
    })),
  }
}

/** Where it is looked after. */
function placeOf(step: SignInStep, { name, binder }: ExplainQuery, person: NamedEntry | undefined) {
  switch (step) {
    case 'binder':
      return binder === undefined
        ? null
        : { label: `Binder ${binder}`, address: `/admin/binders/${encodeURIComponent(binder)}` }
    case 'name':
      return person === undefined
        ? { label: 'Look among users', address: addressWith('/admin/users', { search: name }) }
        : { label: person.name, address: personAddress(person) }
    case 'guessing':
    case 'status':
    case 'password':
    case 'provider':
    case 'use':
      return person === undefined ? null : { label: person.name, address: personAddress(person) }
    case 'connection':
      return null
    default:
      return step satisfies never
  }
}

function personAddress({ entryUUID }: NamedEntry): string {
  return addressOfRow('/admin/users', { id: entryUUID })
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`
}
