/** One call that reached the address at which a provider tells of changes. */
export interface HookRequest {
  readonly method: string
  /** Parameters that came once. */
  readonly query: Readonly<Record<string, string | undefined>>
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
}

export interface HookAnswer {
  readonly status: number
  /** Sent as it is; undefined sends none. */
  readonly body?: { readonly type: 'text/plain' | 'application/json'; readonly text: string } | undefined
}

/** What a genuine call means. It is a hint that something is to be read, and never what is read. */
export type HookEvent =
  | { readonly type: 'changed' }
  /** The subscription ends unless it is renewed. */
  | { readonly type: 'lapsing'; readonly subscription: string }
  /** The subscription has ended. */
  | { readonly type: 'lost'; readonly subscription: string }

/** How a call was taken: a proof of address, a hint, nothing that matters here, or not genuine. */
export type HookResult = 'verified' | 'hint' | 'ignored' | 'refused'

export interface ReceivedCall {
  readonly answer: HookAnswer
  readonly result: HookResult
  readonly events: readonly HookEvent[]
}

/** Whether a subscription was made by this server with that secret. */
export type IsGenuine = (subscription: string, secret: string) => boolean

/** The address of a provider, and what is understood there. */
export interface ChangeHook {
  /** Part of the address: `<admin.publicUrl>/hooks/<name>/<provider id>`. */
  readonly name: string
  /** Judges a call without doing anything about it; anybody can make one. */
  receive(request: HookRequest, isGenuine: IsGenuine): Promise<ReceivedCall>
}

/** Subscriptions at a service, without which it makes no calls. */
export interface ChangeSubscriptions {
  /** What is to be subscribed to; nothing when that is switched off. */
  readonly resources: readonly string[]
  /** How long one may live. */
  readonly longestLifeMs: number
  /** The service calls the address while this is under way. Throws ProviderError. */
  create(resource: string, wanted: WantedSubscription, signal: AbortSignal): Promise<Subscription>
  /** undefined when there is no such subscription any more. Throws ProviderError. */
  renew(resource: string, id: string, expires: Date, signal: AbortSignal): Promise<Subscription | undefined>
  /** Throws ProviderError. */
  remove(resource: string, id: string, signal: AbortSignal): Promise<void>
}

export interface WantedSubscription {
  /** Where the service is to call. */
  readonly address: string
  /** Comes with every call. */
  readonly secret: string
  readonly expires: Date
}

export type Subscription = {
  readonly id: string
  /** ISO 8601. */
  readonly expires: string
}

/** Where a provider is to call. */
export function hookAddress(publicUrl: string, name: string, provider: string): string {
  return `${publicUrl.replace(/\/+$/, '')}/hooks/${name}/${provider}`
}
