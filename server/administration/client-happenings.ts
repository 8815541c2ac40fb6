import type { ClientHappenings } from '../../admin-ui/admin/binders/services.ts'
import type { ClientHappening, WatchedBinder } from '../directory/authentication/client-watch.ts'
import type { Clock } from '../runtime/clock.ts'

export interface ClientHappeningsParts {
  readonly clock: Pick<Clock, 'now'>
  /** Has the LDAP thread tell of the clients of a binder for a while. */
  readonly watch: (watched: WatchedBinder) => void
}

export interface HeardHappenings extends ClientHappenings {
  /** Of the LDAP thread. */
  heard(happening: ClientHappening): void
}

/** A page that is looked at again, or that a stream keeps up to date, goes on. */
const watchedMs = 15 * 60_000
const keptOfBinder = 50

/** What clients did while somebody watched, in memory. */
export function createClientHappenings({ clock, watch }: ClientHappeningsParts): HeardHappenings {
  const kept = new Map<string, { readonly latest: readonly ClientHappening[]; readonly count: number }>()
  const listeners = new Set<() => void>()
  return {
    watch({ name, secrets }) {
      const addresses = [...new Set(secrets.flatMap(({ uses }) => uses.map(({ address }) => address)))]
      watch({ binder: name, untilMs: clock.now().getTime() + watchedMs, addresses })
    },
    of: (binder) => kept.get(binder) ?? { latest: [], count: 0 },
    listen(heard) {
      listeners.add(heard)
      return () => listeners.delete(heard)
    },
    heard(happening) {
      const { latest, count } = kept.get(happening.binder) ?? { latest: [], count: 0 }
      kept.set(happening.binder, { latest: [happening, ...latest].slice(0, keptOfBinder), count: count + 1 })
      for (const listener of listeners) listener()
    },
  }
}
