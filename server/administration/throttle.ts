import type { ThrottleServices } from '../../admin-ui/admin/throttle-services.ts'
import { changeAsAdmin } from '../directory/administrators/admin-context.ts'
import { clearedFailures, countedFailures } from '../directory/authentication/throttle-records.ts'
import { failuresOf, shownFailures } from '../failed-binds.ts'
import type { AdministrationParts } from './administration.ts'

/** Failed binds, for administrators. */
export function throttleServices({
  workspace,
  logger,
}: Pick<AdministrationParts, 'workspace' | 'logger'>): ThrottleServices {
  const { directory, clock } = workspace
  return {
    list: () => shownFailures(workspace),
    async clear(of, by) {
      const isWanted = await failuresOf(workspace, of)
      let cleared = 0
      await changeAsAdmin({ directory, clock, logger }, by, async () => {
        const subjects = (await countedFailures(directory.store)).filter(isWanted).map(({ subject }) => subject)
        cleared = subjects.length
        if (cleared === 0) return undefined
        return {
          records: clearedFailures(subjects),
          action: {
            event: 'failed binds forgotten',
            subject: of ?? 'everybody',
            before: { counts: cleared },
            after: null,
          },
        }
      })
      return cleared
    },
  }
}
