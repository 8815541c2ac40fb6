import type { ClientHappening } from '../../../server/directory/authentication/client-watch.ts'
import { type State, stateOf } from '../../state.ts'
import { timeOf } from '../../time.ts'

export function happeningRow(happening: ClientHappening, now: Date) {
  return { at: timeOf(happening.at, now), state: stateOfHappening(happening), text: happeningText(happening) }
}

/** A sentence. */
export function happeningText(happening: ClientHappening): string {
  const { address } = happening
  switch (happening.kind) {
    case 'connected':
      return `${address} connected ${happening.tls === null ? 'without TLS' : `over ${happening.tls.replace('TLSv', 'TLS ')}`}.`
    case 'refused':
      return `${address} was refused: ${happening.reason}.`
    case 'found':
      return `${address} looked up ${happening.person}.`
    case 'signed-in':
      return `${happening.person} signed in from ${address}.`
    case 'sign-in refused':
      return `${happening.person} could not sign in from ${address}: ${happening.reason}.`
    default:
      return happening satisfies never
  }
}

function stateOfHappening(happening: ClientHappening): State {
  const { kind } = happening
  switch (kind) {
    case 'connected':
      return stateOf(happening.tls === null ? 'warn' : 'good', 'Connected')
    case 'found':
      return stateOf('good', 'Looked up')
    case 'signed-in':
      return stateOf('good', 'Signed in')
    case 'refused':
    case 'sign-in refused':
      return stateOf('bad', 'Refused')
    default:
      return kind satisfies never
  }
}
