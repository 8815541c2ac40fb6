/**
 * locked        another process has the store open
 * newerStore    written by a newer version of this program
 * olderStore    written by an older version of this program, and has to be upgraded first
 * unknownStore  the folder holds something else
 * corrupt       a stored value cannot be read
 * duplicateDn   a generation would give one DN to two entries; nothing of it was written
 * invalidKey    an entryUUID or record key that cannot be stored; nothing was written
 * writeFailed   the disk refused a write; reads go on, the next commit tries to make the store take changes again
 * closed        a commit after `close`
 */
export type StoreErrorCode =
  | 'locked'
  | 'newerStore'
  | 'olderStore'
  | 'unknownStore'
  | 'corrupt'
  | 'duplicateDn'
  | 'invalidKey'
  | 'writeFailed'
  | 'closed'

/** What the store refuses or cannot do; the message is fit for an operator. */
export class StoreError extends Error {
  override readonly name = 'StoreError'
  readonly code: StoreErrorCode

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
