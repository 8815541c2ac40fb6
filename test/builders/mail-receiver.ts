import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { SMTPServer, type SMTPServerOptions, type SMTPServerSession } from 'smtp-server'
import { makeServerCertificate } from '../../demo/https/certificate.ts'

export interface ReceivedMail {
  readonly recipients: readonly string[]
  /** By name in lower case, unfolded. */
  readonly headers: ReadonlyMap<string, string>
  readonly headerNames: readonly string[]
  /** Decoded. */
  readonly text: string
  readonly wasEncrypted: boolean
}

/** What the server answers instead of accepting; `cut` closes the connection without an answer. */
export type Fault = { readonly code: number; readonly text: string } | 'cut'

export interface MailReceiver extends AsyncDisposable {
  readonly port: number
  /** `smtp://127.0.0.1:PORT` */
  readonly url: string
  readonly caPem: string
  /** Every mail whose data came in whole, those that were then refused or whose answer was cut included. */
  readonly mails: readonly ReceivedMail[]
  /** Told to each RCPT TO. */
  onRecipient: (address: string) => Fault | undefined
  /** Told when a mail came in whole. */
  onMail: (mail: ReceivedMail) => Fault | undefined
  close(): Promise<void>
}

export interface MailReceiverOptions {
  readonly port?: number
  readonly account?: { readonly user: string; readonly password: string }
  /** Offers no STARTTLS. */
  readonly isClearOnly?: boolean
}

/** A real SMTP server on loopback that keeps what it gets. */
export async function startMailReceiver({
  port = 0,
  account,
  isClearOnly = false,
}: MailReceiverOptions = {}): Promise<MailReceiver> {
  const certificate = await makeServerCertificate()
  const mails: ReceivedMail[] = []
  const options: SMTPServerOptions = {
    key: certificate.keyPem,
    cert: certificate.certificatePem,
    disableReverseLookup: true,
    logger: false,
    authOptional: account === undefined,
    disabledCommands: [...(isClearOnly ? ['STARTTLS'] : []), ...(account === undefined ? ['AUTH'] : [])],
    onAuth(auth, _session, done) {
      const isRight = auth.username === account?.user && auth.password === account?.password
      if (isRight) done(null, { user: auth.username })
      else done(new Error('wrong user name or password'))
    },
    onRcptTo(address, session, done) {
      answer(receiver.onRecipient(address.address), session, done)
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => void chunks.push(chunk))
      stream.on('end', () => {
        const mail = parseMail(Buffer.concat(chunks).toString('utf8'), session)
        mails.push(mail)
        answer(receiver.onMail(mail), session, done)
      })
    },
  }
  const server = new SMTPServer(options)
  server.on('error', () => undefined) // clients that hang up
  const cut = ({ id }: SMTPServerSession) => {
    for (const connection of server.connections as Set<{ id: string; _socket: { destroy(): void } }>)
      if (connection.id === id) connection._socket.destroy()
  }
  function answer(fault: Fault | undefined, session: SMTPServerSession, done: (error?: Error | null) => void): void {
    if (fault === 'cut') cut(session)
    else done(fault === undefined ? null : Object.assign(new Error(fault.text), { responseCode: fault.code }))
  }
  const listening = server.listen(port, '127.0.0.1')
  await once(listening, 'listening')
  const used = (listening.address() as AddressInfo).port
  let closing: Promise<void> | undefined
  const close = () => (closing ??= new Promise<void>((resolve) => server.close(() => resolve())))
  const receiver: MailReceiver = {
    port: used,
    url: `smtp://127.0.0.1:${used}`,
    caPem: certificate.caPem,
    mails,
    onRecipient: () => undefined,
    onMail: () => undefined,
    close,
    [Symbol.asyncDispose]: close,
  }
  return receiver
}

function parseMail(raw: string, session: SMTPServerSession): ReceivedMail {
  const end = raw.indexOf('\r\n\r\n')
  const fields = raw
    .slice(0, end)
    .replaceAll(/\r\n[ \t]+/g, ' ')
    .split('\r\n')
  const pairs = fields.map((field): [string, string] => {
    const colon = field.indexOf(':')
    return [field.slice(0, colon).toLowerCase(), decodeWords(field.slice(colon + 1).trim())]
  })
  const headers = new Map(pairs)
  return {
    recipients: session.envelope.rcptTo.map(({ address }) => address),
    headers,
    headerNames: pairs.map(([name]) => name),
    text: decodeBody(raw.slice(end + 4), headers.get('content-transfer-encoding') ?? '7bit'),
    wasEncrypted: session.secure,
  }
}

function decodeBody(body: string, encoding: string): string {
  const text =
    encoding === 'base64'
      ? Buffer.from(body, 'base64').toString('utf8')
      : encoding === 'quoted-printable'
        ? decodeQuoted(body.replaceAll('=\r\n', ''))
        : body
  return text.replaceAll('\r\n', '\n')
}

function decodeQuoted(text: string): string {
  const octets = text.replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(octets, 'latin1').toString('utf8')
}

/** Encoded words of RFC 2047. */
function decodeWords(text: string): string {
  return text
    .replaceAll(/\?=\s+=\?/g, '?==?')
    .replaceAll(/=\?utf-8\?([QB])\?([^?]*)\?=/gi, (_, kind: string, word: string) =>
      kind.toUpperCase() === 'B'
        ? Buffer.from(word, 'base64').toString('utf8')
        : decodeQuoted(word.replaceAll('_', ' ')),
    )
}
