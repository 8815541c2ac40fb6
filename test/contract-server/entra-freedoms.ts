import type { TransportFreedoms } from './service.ts'

/** What the contract of Microsoft Entra ID leaves to the service. */
export interface EntraFreedoms extends TransportFreedoms {
  readonly seed: number
  /** GUIDs are of any case; the same one may be spelt differently by two calls. */
  readonly idCase: 'lower' | 'upper' | 'any'
  /** What a property without a value is, outside of change tracking. */
  readonly unset: 'null' | 'missing'
  /** Largest page; sizes vary below. */
  readonly pageSize: number
  /** Shares of pages that are empty, and of objects that come again. */
  readonly empty: number
  readonly again: number
  /** Links of another path, with other parameters in another order. */
  readonly strangeLinks: boolean
  /** Properties and annotations that nobody asked for. */
  readonly noise: boolean
  /** Objects are as they are when their page is sent, not when the listing began. */
  readonly live: boolean
  /** People who are deleted are told as members that went, and as members that came when they are restored. */
  readonly tellsMembersOfDeleted: boolean
  /** Calls that a token is good for before it has expired; 0: any number. */
  readonly tokenUses: number
  readonly tokenSeconds: number
  readonly trailingSlashes: boolean
  readonly codeCase: 'as-is' | 'lower' | 'upper'
  /** How far the service's clock is before ours. */
  readonly skewMs: number
  readonly retryAfter: 'seconds' | 'date' | 'missing'
}
