import type { EntraProviderConfig } from '../../../server/runtime/config-schema.ts'
import type { ChangeSubscriptions, Subscription } from '../../change-hook.ts'
import type { CredentialPurpose } from '../../credential-health.ts'
import { newTraffic } from '../../identity-provider.ts'
import type { JsonObject } from '../../identity.ts'
import { answerErrors } from '../../provider-error.ts'
import type { GraphClient, Write } from './graph-client.ts'

/** Directory objects: at most 41,760 minutes (contract §6.4). */
const longestLifeMs = 41_760 * 60_000

const permissions = { users: 'User.Read.All', groups: 'Group.Read.All' } as const

/** Subscriptions to changes of users and groups in Microsoft Graph. */
export function createChangeSubscriptions(
  config: EntraProviderConfig,
  purposes: readonly CredentialPurpose[],
  graph: GraphClient,
): ChangeSubscriptions {
  const { badAnswer } = answerErrors(config.id, 'graphUrl')

  function call(method: Write['method'], resource: string, id?: string): Write {
    const purpose = resource === 'groups' ? 'groups' : 'users'
    return {
      method,
      purpose,
      path: id === undefined ? '/subscriptions' : `/subscriptions/${encodeURIComponent(id)}`,
      call: `${method} /subscriptions for ${resource}`,
      permission: permissions[purpose],
      mayBeRefused: true,
      refusedAdvice:
        'Make the address of admin.publicUrl reachable for Microsoft over https, with a certificate that is publicly trusted.',
    }
  }

  function subscriptionOf({ id, expirationDateTime }: JsonObject, write: Write): Subscription {
    if (
      typeof id === 'string' &&
      typeof expirationDateTime === 'string' &&
      !Number.isNaN(Date.parse(expirationDateTime))
    )
      return { id, expires: new Date(expirationDateTime).toISOString() }
    throw badAnswer(write.call, 'the answer was not a subscription')
  }

  const contextOf = (signal: AbortSignal) => ({ signal, traffic: newTraffic() })

  return {
    resources: config.changeNotifications ? purposes : [],
    longestLifeMs,
    async create(resource, { address, secret, expires }, signal) {
      const write = call('POST', resource)
      const body = {
        changeType: 'updated,deleted',
        notificationUrl: address,
        lifecycleNotificationUrl: address,
        resource,
        expirationDateTime: expires.toISOString(),
        clientState: secret,
      }
      const created = await graph.write({ ...write, body }, contextOf(signal))
      if (created === undefined) throw graph.notFound(write)
      return subscriptionOf(created, write)
    },
    async renew(resource, id, expires, signal) {
      const write = call('PATCH', resource, id)
      const body = { expirationDateTime: expires.toISOString() }
      const renewed = await graph.write({ ...write, body }, contextOf(signal))
      return renewed === undefined ? undefined : subscriptionOf(renewed, write)
    },
    async remove(resource, id, signal) {
      await graph.write(call('DELETE', resource, id), contextOf(signal))
    },
  }
}
