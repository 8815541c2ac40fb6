import { ChangeRefused } from '../../../server/directory/credentials/change-refused.ts'
import { StalePlanError } from '../../../sync/held-plans.ts'
import { RuleError } from '../../../sync/rules.ts'

/** What an administrator is to know of why something was not done; throws what is no refusal. */
export function refusalText(error: unknown): string {
  if (error instanceof StalePlanError)
    return 'The held changes are others now than those you looked at, and nothing was done. Look at them as they are now, and decide again.'
  if (error instanceof ChangeRefused || error instanceof RuleError) return sentence(error.message)
  throw error
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`
}
