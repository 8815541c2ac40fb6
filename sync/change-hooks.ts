import type { HookAnswer, HookRequest, HookResult } from './change-hook.ts'
import type { IdentityProvider } from './identity-provider.ts'
import type { SubscriptionKeeper } from './subscription-keeper.ts'
import type { SyncSchedule } from './sync-scheduler.ts'

export interface ChangeHooksOptions {
  readonly providers: readonly IdentityProvider[]
  readonly subscriptions: Pick<SubscriptionKeeper, 'isGenuine' | 'attend'>
  readonly schedule: Pick<SyncSchedule, 'hint'>
  /** Hears of every call to a provider's address. */
  readonly onCall: (provider: string, result: HookResult) => void
}

/** The addresses at which providers tell of changes. */
export interface ChangeHooks {
  /** Answers at once; what follows is done later. undefined: there is no such address. */
  receive(name: string, providerId: string, request: HookRequest): Promise<HookAnswer | undefined>
}

export function createChangeHooks({ providers, subscriptions, schedule, onCall }: ChangeHooksOptions): ChangeHooks {
  return {
    async receive(name, providerId, request) {
      const hook = providers.find(({ id }) => id === providerId)?.hook
      if (hook?.name !== name) return undefined
      const { answer, result, events } = await hook.receive(request, (subscription, secret) =>
        subscriptions.isGenuine(providerId, subscription, secret),
      )
      onCall(providerId, result)
      for (const event of events) {
        if (event.type === 'changed') schedule.hint(providerId)
        else subscriptions.attend(providerId, event.subscription, event.type)
      }
      return answer
    },
  }
}
