import type { BindMonitor } from './directory/authentication/bind-monitor.ts'
import type { RecordChange } from './directory/directory-store.ts'

/** Hands what binds left behind to the thread that has the store. */
export interface RecordKeeper {
  /** What became of what was posted last. */
  kept(isDurable: boolean): void
  /** Hands on the rest. */
  close(): void
}

/** So much of what was seen is lost when the machine stops. */
const keepEveryMs = 1000
/** After a store that does not take anything, such as one on a full disk. */
const tryAgainMs = 60_000

/** One batch at a time: while the store takes its time, what comes is gathered and not piled up. */
export function createRecordKeeper(
  monitor: Pick<BindMonitor, 'changes' | 'notKept'>,
  post: (records: readonly RecordChange[]) => void,
): RecordKeeper {
  let posted: readonly RecordChange[] = []
  let timer = setTimeout(keep, keepEveryMs)

  function keep(): void {
    posted = monitor.changes()
    if (posted.length > 0) post(posted)
    else timer = setTimeout(keep, keepEveryMs)
  }

  return {
    kept(isDurable) {
      if (!isDurable) monitor.notKept(posted)
      posted = []
      clearTimeout(timer)
      timer = setTimeout(keep, isDurable ? keepEveryMs : tryAgainMs)
    },
    close() {
      clearTimeout(timer)
      const rest = monitor.changes()
      if (rest.length > 0) post(rest)
    },
  }
}
