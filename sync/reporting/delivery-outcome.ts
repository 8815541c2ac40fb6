/** What became of one try to deliver. */
export type DeliveryOutcome =
  | { readonly type: 'accepted' }
  /** For good: not tried again. */
  | { readonly type: 'refused'; readonly reason: string }
  /** May pass. `isServerDown`: the others for the same server need not be tried now. */
  | { readonly type: 'failed'; readonly reason: string; readonly isServerDown: boolean }
