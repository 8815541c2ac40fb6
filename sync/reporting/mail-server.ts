import type { SmtpConfig } from '../../server/runtime/config-schema.ts'
import { isLoopbackHost } from '../../server/runtime/loopback.ts'
import type { ReadSecret } from '../provider-secret.ts'
import type { DeliveryOutcome } from './delivery-outcome.ts'
import { oneLine } from './event-text.ts'

export interface Mail {
  /** Becomes the Message-ID: the same at every try, so that a mail that came twice can be recognised. */
  readonly id: string
  readonly to: string
  readonly subject: string
  readonly text: string
  /** When it was written, not when it is sent. */
  readonly date: Date
}

export interface MailServer {
  /** Hands a mail to the server, to one recipient. Never throws for what the server does. */
  send(mail: Mail): Promise<DeliveryOutcome>
  /** Connects, encrypts and signs in as for a mail, and sends none. Throws. */
  test(): Promise<void>
}

const submissionPort = 587
const submissionTlsPort = 465

/** The configured mail server; each mail has its own connection. `senderName` is shown beside the address. */
export function createMailServer(config: SmtpConfig, senderName: string, readSecret: ReadSecret): MailServer {
  const url = new URL(config.url)
  const isSecure = url.protocol === 'smtps:'
  const isLocal = isLoopbackHost(url.hostname)
  const requireTls = config.requireTls ?? !isLocal

  async function connection() {
    const user = config.username ?? decodeURIComponent(url.username)
    const pass =
      config.password === null ? decodeURIComponent(url.password) : (await readSecret(config.password)).reveal()
    const { createTransport } = await import('nodemailer') // most commands send no mail
    return createTransport({
      host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: url.port === '' ? (isSecure ? submissionTlsPort : submissionPort) : Number(url.port),
      secure: isSecure,
      requireTLS: requireTls,
      // A server on this machine often has a certificate that nobody vouches for, and the way to it is safe.
      ignoreTLS: !requireTls && isLocal,
      ...(user === '' ? {} : { auth: { user, pass } }),
      tls: { minVersion: 'TLSv1.2' },
      dnsTimeout: 15_000,
      connectionTimeout: 15_000,
      greetingTimeout: 30_000,
      socketTimeout: 60_000,
      disableFileAccess: true,
      disableUrlAccess: true,
    })
  }

  return {
    async send({ id, to, subject, text, date }) {
      try {
        const transport = await connection()
        await transport.sendMail({
          envelope: { from: config.from, to: [to] },
          from: { name: oneLine(senderName), address: config.from },
          to: { name: '', address: to },
          subject: oneLine(subject),
          text,
          date,
          messageId: `<${id}@${config.from.slice(config.from.lastIndexOf('@') + 1)}>`,
          headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
        })
        return { type: 'accepted' }
      } catch (error) {
        return outcomeOf(error)
      }
    },
    async test() {
      await (await connection()).verify()
    },
  }
}

interface SmtpError extends Error {
  readonly code?: string
  /** SMTP command that was answered. */
  readonly command?: string
  readonly responseCode?: number
}

/** 5xx to a recipient or a message is the end of that one; refused sign-ins and senders are about the server, and can be mended. */
function outcomeOf(error: unknown): DeliveryOutcome {
  if (!(error instanceof Error)) return { type: 'failed', reason: String(error), isServerDown: true }
  const { command, responseCode = 0, code }: SmtpError = error
  const reason = oneLine(error.message)
  const isAboutMail = command === 'RCPT TO' || command === 'DATA' || code === 'EMESSAGE'
  if (isAboutMail && (responseCode >= 500 || responseCode === 0)) return { type: 'refused', reason }
  return { type: 'failed', reason, isServerDown: !isAboutMail || responseCode === 421 }
}
