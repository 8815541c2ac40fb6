import { randomUUID } from 'node:crypto'
import type { OktaGroup, OktaUser } from './objects.ts'

/** Types of events that this org tells of (contract §7). */
export type OktaEventType =
  | 'user.lifecycle.create'
  | 'user.lifecycle.activate'
  | 'user.lifecycle.deactivate'
  | 'user.lifecycle.suspend'
  | 'user.lifecycle.unsuspend'
  | 'user.lifecycle.delete.initiated'
  | 'user.lifecycle.delete.completed'
  | 'user.account.update_profile'
  | 'user.account.update_password'
  | 'user.account.lock'
  | 'user.account.unlock'
  | 'user.session.start'
  | 'group.lifecycle.create'
  | 'group.lifecycle.delete'
  | 'group.profile.update'
  | 'group.user_membership.add'
  | 'group.user_membership.remove'

/** A person or thing as an event names it. */
interface Party {
  readonly id: string
  readonly type: string
  readonly alternateId: string
  readonly displayName: string
}

export interface OktaEvent {
  readonly uuid: string
  /** ISO 8601. */
  readonly published: string
  readonly eventType: OktaEventType
  readonly version: string
  readonly severity: string
  readonly displayMessage: string
  readonly actor: Party
  readonly outcome: { readonly result: string; readonly reason: string | null }
  readonly target: readonly Party[]
}

const administrator: Party = {
  id: '00u7demoAdministrat1',
  type: 'User',
  alternateId: 'admin@acme.example',
  displayName: 'Admin',
}

/** Everything that happened in the org, oldest first. */
export class EventLog {
  readonly events: OktaEvent[] = []
  /** Hears of every event. */
  onEvent: (event: OktaEvent) => void = () => undefined
  readonly #now: () => Date

  constructor(now: () => Date) {
    this.#now = now
  }

  record(eventType: OktaEventType, ...target: readonly Party[]): void {
    const event: OktaEvent = {
      uuid: randomUUID(),
      published: this.#now().toISOString(),
      eventType,
      version: '0',
      severity: 'INFO',
      displayMessage: eventType.replaceAll(/[._]/g, ' '),
      actor: administrator,
      outcome: { result: 'SUCCESS', reason: null },
      target,
    }
    this.events.push(event)
    this.onEvent(event)
  }
}

export function userParty({ id, profile }: OktaUser): Party {
  const displayName = [profile.firstName, profile.lastName].filter(Boolean).join(' ')
  return { id, type: 'User', alternateId: profile.login, displayName }
}

export function groupParty({ id, profile }: OktaGroup): Party {
  return { id, type: 'UserGroup', alternateId: 'unknown', displayName: profile.name }
}
