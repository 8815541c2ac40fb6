import * as z from 'zod'

export const testMailForm = z.object({
  to: z.string().trim().max(320, 'A mail address is not as long as that.').describe('who gets the test mail'),
})
