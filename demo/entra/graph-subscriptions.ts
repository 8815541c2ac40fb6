import { badRequest } from './graph-error.ts'
import { type GraphAnswer, type GraphContext, requirePermission } from './graph-context.ts'
import { type Subscription, subscribable } from './subscriptions.ts'

/** `POST /subscriptions`, `PATCH` and `DELETE /subscriptions/{id}` (contract §6.4). Throws `GraphRefusal`. */
export async function answerSubscription(context: GraphContext, id: string | undefined): Promise<GraphAnswer> {
  const { request, subscriptions } = context
  switch (`${request.method} ${id === undefined ? '' : 'ID'}`) {
    case 'POST ':
      return { status: 201, body: wire(context, await subscriptions.create(wantedSubscription(context))) }
    case 'PATCH ID': {
      const { expirationDateTime } = parseBody(request.body)
      return { body: wire(context, subscriptions.renew(id ?? '', text(expirationDateTime, 'expirationDateTime'))) }
    }
    case 'DELETE ID':
      subscriptions.remove(id ?? '')
      return { status: 204, body: undefined }
    default:
      throw badRequest('The request is not supported.')
  }
}

function wantedSubscription(context: GraphContext): Omit<Subscription, 'id'> {
  const body = parseBody(context.request.body)
  const resource = text(body['resource'], 'resource').replace(/^\//, '')
  if (resource !== 'users' && resource !== 'groups') throw badRequest(`Unsupported resource '${resource}'.`)
  requirePermission(context, subscribable[resource])
  const changeType = text(body['changeType'], 'changeType')
  if (changeType.split(',').some((type) => !['created', 'updated', 'deleted'].includes(type)))
    throw badRequest(`Invalid change type '${changeType}'.`)
  const { clientState = null, lifecycleNotificationUrl = null } = body
  if (clientState !== null && text(clientState, 'clientState').length > 128)
    throw badRequest('clientState is longer than 128 characters.')
  return {
    resource,
    changeType,
    notificationUrl: httpsUrl(body['notificationUrl'], 'notificationUrl'),
    lifecycleNotificationUrl:
      lifecycleNotificationUrl === null ? null : httpsUrl(lifecycleNotificationUrl, 'lifecycleNotificationUrl'),
    expirationDateTime: text(body['expirationDateTime'], 'expirationDateTime'),
    clientState: clientState === null ? null : text(clientState, 'clientState'),
  }
}

function parseBody(body: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(body)
    if (typeof parsed === 'object' && parsed !== null) return parsed as Record<string, unknown>
  } catch {
    // Answered below, as anything else that is no object.
  }
  throw badRequest('The body is not a JSON object.')
}

function text(value: unknown, name: string): string {
  if (typeof value !== 'string' || value === '') throw badRequest(`'${name}' is missing or not a string.`)
  return value
}

function httpsUrl(value: unknown, name: string): string {
  const url = text(value, name)
  if (URL.parse(url)?.protocol !== 'https:') throw badRequest(`'${name}' must be an HTTPS URL.`)
  return url
}

function wire({ baseUrl }: GraphContext, subscription: Subscription): Record<string, unknown> {
  return { '@odata.context': `${baseUrl}/$metadata#subscriptions/$entity`, ...subscription }
}
