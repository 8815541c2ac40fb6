import type { Request, RequestHandler, Response } from 'express'
import type { PersonEnrollment } from '../../../sync/enrollment/enrollment.ts'
import { countOf } from '../../counts.ts'
import { gridOf, rowsOfPage } from '../../grid.ts'
import { queryOf } from '../../query.ts'
import { type State, stateOf } from '../../state.ts'
import { timeOf } from '../../time.ts'
import { actorOf, adminOf } from '../access.ts'
import type { Administration } from '../administration.ts'
import { formOf } from '../form.ts'
import { type AdminPages, done } from '../frame.ts'
import { may } from '../permissions.ts'
import { enrollmentQuery, sendForm } from './inputs.ts'
import { inPatience } from './patience.ts'
import { refusalText } from './refusal.ts'
import { wantedEnrollments } from './wanted-enrollments.ts'

const path = '/admin/sync/enrollment'

/** Who is enrolled by mail: invitations that wait for an administrator's word, and sending one again. */
export function enrollmentPages(pages: AdminPages, { sync, clock }: Pick<Administration, 'sync' | 'clock'>) {
  async function show(request: Request, response: Response, problem = '') {
    const query = queryOf(request, enrollmentQuery)
    const all = await sync.enrollments()
    const people = wantedEnrollments(all, query)
    const waiting = all.filter(({ waiting, address }) => waiting && address !== null).length
    const now = clock.now()
    const model = {
      title: 'Enrollment',
      waiting,
      waitingText: countOf(waiting, 'newcomer waits', 'newcomers wait'),
      mails: countOf(waiting, 'invitation', 'invitations'),
      people: rowsOfPage(people, query.page).map((person) => personRow(person, now)),
      grid: gridOf({
        path,
        search: query.search,
        searchLabel: 'Name or mail address',
        filters: [
          {
            name: 'state',
            label: 'State',
            value: query.state,
            choices: [
              { value: 'waiting', label: 'Waits to be invited' },
              { value: 'invited', label: 'Invited' },
              { value: 'enrolled', label: 'Enrolled' },
            ],
          },
        ],
        page: query.page,
        total: people.length,
      }),
      hasMailServer: sync.reports().hasMailServer,
      problem,
      mayAct: may(adminOf(response).role, 'users'),
    }
    pages.show(request, response, 'sync/enrollment', model, problem === '' ? 200 : 422)
  }

  const form =
    (handle: (request: Request, response: Response) => Promise<void>): RequestHandler =>
    async (request, response) => {
      try {
        await handle(request, response)
      } catch (error) {
        await show(request, response, refusalText(error))
      }
    }

  const page: RequestHandler = (request, response) => show(request, response)

  return {
    page,

    send: form(async (request, response) => {
      const { count } = formOf(request, sendForm)
      await inPatience(sync.sendInvitations(count, actorOf(request, response)))
      await done(request, response, path, `${countOf(count, 'invitation is', 'invitations are')} on the way.`)
    }),

    resend: form(async (request, response) => {
      const entryUUID = String(request.params['entryUUID'])
      const sent = await inPatience(sync.resendInvitation(entryUUID, actorOf(request, response)))
      const whom = sent === undefined ? 'the person' : `${sent.result.name}, ${sent.result.address ?? ''}`
      await done(request, response, path, `A new link is on the way to ${whom}. Links before it are no good any more.`)
    }),
  }
}

function personRow(person: PersonEnrollment, now: Date) {
  const { entryUUID, name, provider, address, lastMailed, mailedCount, enrolled } = person
  return {
    name,
    provider,
    address: address ?? '',
    state: stateOfPerson(person),
    lastMailed: lastMailed === null ? null : timeOf(lastMailed, now),
    mailed: mailedCount < 2 ? '' : `${mailedCount} mails so far`,
    enrolled: enrolled === null ? null : timeOf(enrolled, now),
    resend: person.state === 'invited' && !person.waiting ? `${path}/${encodeURIComponent(entryUUID)}/resend` : '',
  }
}

function stateOfPerson({ state, waiting, refused, lastMailed, address, emailVerified }: PersonEnrollment): State {
  if (state === 'enrolled')
    return emailVerified ? stateOf('good', 'Enrolled') : stateOf('good', 'Enrolled, address not verified')
  if (address === null) return stateOf('bad', 'No mail address')
  if (waiting) return stateOf('warn', 'Waits to be invited')
  if (refused !== null) return stateOf('bad', `Mail refused: ${refused}`)
  return lastMailed === null ? stateOf('busy', 'The mail is on the way') : stateOf('off', 'Invited')
}
