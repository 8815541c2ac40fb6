import type { Request } from 'express'
import type { Watched } from '../../event-stream.ts'
import type { Administration } from '../administration.ts'
import { addressOf } from './binders-model.ts'
import { namedBinder } from './binders.ts'
import { happeningRow, happeningText } from './happenings-model.ts'
import type { ShownBinder } from './services.ts'

type Services = Pick<Administration, 'binders' | 'clientHappenings' | 'clock'>

/** What clients of a binder do, for the page of the request; whoever looks at the page begins to watch. */
export function shownHappenings({ clientHappenings, clock }: Services, binder: ShownBinder, request: Request) {
  clientHappenings.watch(binder)
  const now = clock.now()
  return {
    page: request.originalUrl,
    events: `${addressOf(binder.name)}/events`,
    rows: clientHappenings.of(binder.name).latest.map((happening) => happeningRow(happening, now)),
  }
}

/** The same, for a stream; the watch goes on for as long as somebody is told. */
export async function watchedClients(services: Services, request: Request): Promise<Watched> {
  const { clientHappenings } = services
  const binder = await namedBinder(services.binders, request)
  return {
    listen: (changed) => clientHappenings.listen(changed),
    state() {
      clientHappenings.watch(binder)
      const { latest, count } = clientHappenings.of(binder.name)
      return { turns: count, told: latest[0] === undefined ? '' : happeningText(latest[0]) }
    },
  }
}
