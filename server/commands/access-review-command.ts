import { accessReviewColumns, accessReviewLine } from '../../sync/roster/access-review-csv.ts'
import { recordedAccessReview, workspaceRoster } from '../access-reviews.ts'
import { spreadsheetParts } from '../runtime/csv.ts'
import { type Command, ExitCode } from './command.ts'
import type { DirectoryMoment } from './directory-moment.ts'

export interface AccessReviewInput {
  readonly at: DirectoryMoment | undefined
  readonly group: string | undefined
  readonly by: string
}

/** `rosterd access-review`: who has access, with what. The CSV text comes as progress; the value is the number of people. */
export const accessReviewCommand: Command<AccessReviewInput, number> = {
  name: 'access-review',
  async execute(workspace, { by, ...wanted }, progress) {
    const review = await recordedAccessReview({ workspace, roster: workspaceRoster(workspace) }, wanted, {
      name: by,
      address: null,
    })
    for await (const part of spreadsheetParts(accessReviewColumns, lines(review.rows()))) progress(part)
    return review.total
  },
  text: () => '',
  exitCode: () => ExitCode.ok,
}

function* lines(people: Iterable<Parameters<typeof accessReviewLine>[0]>) {
  for (const person of people) yield accessReviewLine(person)
}
