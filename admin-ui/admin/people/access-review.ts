import type { RequestHandler } from 'express'
import { ChangeRefused } from '../../../server/directory/credentials/change-refused.ts'
import { accessReviewColumns, accessReviewLine } from '../../../sync/roster/access-review-csv.ts'
import { sendCsv } from '../../download.ts'
import { HttpProblem } from '../../http-problem.ts'
import { queryOf } from '../../query.ts'
import { actorOf } from '../access.ts'
import { accessReviewQuery } from './inputs.ts'
import type { PeopleServices } from './services.ts'

/** Who has access and with what, for a spreadsheet; that it was downloaded is recorded. */
export function accessReviewCsv({ accessReview }: PeopleServices): RequestHandler {
  return async (request, response) => {
    const wanted = queryOf(request, accessReviewQuery)
    const review = await accessReview(wanted, actorOf(request, response)).catch((error: unknown) => {
      if (error instanceof ChangeRefused) throw new HttpProblem(422, `${error.message}.`)
      throw error
    })
    const lines = function* () {
      for (const person of review.rows()) yield accessReviewLine(person)
    }
    await sendCsv(response, 'access-review.csv', accessReviewColumns, lines())
  }
}
