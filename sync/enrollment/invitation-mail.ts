import { oneLine } from '../reporting/event-text.ts'

/** The mail that holds an enrollment link. Pure. */
export function invitationMail(about: {
  readonly name: string
  readonly organization: string
  readonly link: string
  readonly expires: Date
}): { readonly subject: string; readonly text: string } {
  const organization = oneLine(about.organization)
  const until = `${about.expires.toISOString().slice(0, 16).replace('T', ' ')} UTC`
  const lines = [
    `Hello ${oneLine(about.name)},`,
    '',
    `${organization} has a directory account for you under this address. To confirm that the address is yours, open this link and press the button there:`,
    '',
    about.link,
    '',
    `The link works once, until ${until}. If it has expired, ask your administrator for a new one.`,
    'If you did not expect this mail, you can ignore it.',
    '',
    '-- ',
    organization,
  ]
  return { subject: `${organization}: confirm your account`, text: `${lines.join('\n')}\n` }
}
