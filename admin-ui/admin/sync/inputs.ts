import * as z from 'zod'
import { gridFields } from '../../query.ts'

/** How a run ended. */
export const outcomes = ['running', 'applied', 'unchanged', 'held', 'failed', 'cancelled', 'interrupted'] as const

/** What made a run begin, in kinds. */
export const triggers = [
  'schedule',
  'notification',
  'asked',
  'approval',
  'resume',
  'undo',
  'enrollment',
  'other',
] as const

export const runsQuery = z.object({
  ...gridFields,
  provider: z.string().max(100).optional().describe('id of a provider'),
  outcome: z.enum(outcomes).optional().describe('how the run ended'),
  trigger: z.enum(triggers).optional().describe('what made it begin'),
})

export type RunsQuery = z.output<typeof runsQuery>

export const pageQuery = z.object({ page: gridFields.page })

export const enrollmentQuery = z.object({
  ...gridFields,
  state: z.enum(['waiting', 'invited', 'enrolled']).optional().describe('how far the enrollment is'),
})

/** Text of a form that stands for itself. */
const ticked = z.literal('yes', 'Tick the box first.')

export const startForm = z.object({
  full: z.enum(['yes', 'no']).default('no').describe('whether everything is read, not only what has changed'),
})

export const pauseForm = z.object({
  reason: z.string().trim().min(1, 'Say why.').max(200).describe('shown wherever the pause is'),
})

export const approveForm = z.object({
  hash: z.string().max(128).describe('of the held changes, as they were looked at'),
  sure: ticked.describe('that they are to be applied'),
})

export const discardForm = approveForm.pick({ hash: true })

export const undoForm = z.object({ sure: ticked.describe('that the run is to be taken back') })

export const sendForm = z.object({
  count: z.coerce.number().int().min(0).describe('people who were seen to wait'),
  sure: ticked.describe('that they are to be mailed'),
})
