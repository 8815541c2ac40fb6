import type { PersonEnrollment } from '../../sync/enrollment/enrollment.ts'
import { type Command, ExitCode } from './command.ts'

export interface EnrollmentFilter {
  /** Provider id; all when undefined. */
  readonly provider?: string | undefined
  /** Whatever `explain` understands. */
  readonly user?: string | undefined
}

/** `rosterd enrollment list`: who is invited, who waits for it, who is enrolled. */
export const enrollmentListCommand: Command<Pick<EnrollmentFilter, 'provider'>, readonly PersonEnrollment[]> = {
  name: 'enrollment-list',
  execute: async ({ enrollment, config }, { provider }) => {
    requireProvider(provider, config.providers)
    return await enrollment.list(provider)
  },
  text: (people) => (people.length === 0 ? 'Nobody is enrolled by mail.\n' : people.map(personText).join('')),
  exitCode: () => ExitCode.ok,
}

/** `rosterd enrollment send`: mails the invitations that wait for it. */
export const enrollmentSendCommand: Command<EnrollmentFilter, readonly PersonEnrollment[]> = {
  name: 'enrollment-send',
  execute: async ({ enrollment, config }, { provider, user }) => {
    requireProvider(provider, config.providers)
    return await enrollment.send({ provider, user })
  },
  text: (people) =>
    people.length === 0
      ? 'No invitation waits for it.\n'
      : `${people.length === 1 ? 'One invitation is' : `${people.length} invitations are`} on the way.\n`,
  exitCode: () => ExitCode.ok,
}

/** `rosterd enrollment resend`: a new link; older ones end. */
export const enrollmentResendCommand: Command<{ readonly user: string }, PersonEnrollment> = {
  name: 'enrollment-resend',
  execute: ({ enrollment }, { user }) => enrollment.resend(user),
  text: ({ name, address }) => `A new link is on the way to ${name}, ${address}.\n`,
  exitCode: () => ExitCode.ok,
}

function requireProvider(wanted: string | undefined, providers: readonly { readonly id: string }[]): void {
  const known = providers.map(({ id }) => id)
  if (wanted !== undefined && !known.includes(wanted))
    throw new Error(`--provider: there is no provider "${wanted}"; configured are ${known.join(', ')}`)
}

function personText(person: PersonEnrollment): string {
  return `${person.name} (${person.provider}), ${person.address ?? 'no mail address'}: ${stateText(person)}\n`
}

function stateText({
  state,
  waiting,
  address,
  refused,
  lastMailed,
  enrolled,
  emailVerified,
}: PersonEnrollment): string {
  if (state === 'enrolled') {
    const verified = emailVerified ? 'address verified' : 'address not verified'
    return enrolled === null ? verified : `enrolled ${enrolled}, ${verified}`
  }
  if (waiting) return 'waits to be invited'
  if (refused !== null) return `invited, but the mail did not arrive: ${refused}`
  if (lastMailed !== null) return `invited, mailed ${lastMailed}`
  return address === null ? 'cannot be invited' : 'invited, the mail is on the way'
}
