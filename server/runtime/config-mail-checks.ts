import { shownValue } from './config-path.ts'
import type { Problem } from './config-problems.ts'
import type { Config } from './config-schema.ts'
import { isLoopbackHost } from './loopback.ts'

/** What mail and notifications need besides the right shape. */
export const mailChecks = [smtpUrl, smtpPassword, mailWithoutServer, notifyUrls]

function smtpUrl({ smtp }: Config): Problem[] {
  if (smtp === null) return []
  const url = URL.parse(smtp.url)
  const problem = (message: string) => [{ path: 'smtp.url', value: shownValue('smtp.url', smtp.url), message }]
  const isSmtp = url !== null && ['smtp:', 'smtps:'].includes(url.protocol) && url.hostname !== ''
  if (!isSmtp || !['', '/'].includes(url.pathname) || url.search !== '' || url.hash !== '')
    return problem('is not the address of a mail server such as "smtp://mail.example.com:587"')
  if ((url.username !== '' || url.password !== '') && !isLoopbackHost(url.hostname))
    return problem('holds a user name or password; move them to smtp.username and smtp.password')
  return []
}

function smtpPassword({ smtp }: Config): Problem[] {
  if (smtp === null) return []
  if ((smtp.username === null) !== (smtp.password === null)) {
    const [missing, present] = smtp.username === null ? ['username', 'password'] : ['password', 'username']
    return [{ path: `smtp.${missing}`, value: undefined, message: `is missing beside smtp.${present}; set both` }]
  }
  const url = URL.parse(smtp.url)
  const isInClear = smtp.requireTls === false && url?.protocol === 'smtp:' && !isLoopbackHost(url.hostname)
  return smtp.password !== null && isInClear
    ? [{ path: 'smtp.requireTls', value: 'false', message: 'could send smtp.password in clear; remove one of the two' }]
    : []
}

function mailWithoutServer({ smtp, providers }: Config): Problem[] {
  if (smtp !== null) return []
  return providers.flatMap((provider, index) => {
    if (provider.type === 'ldif') return []
    const message = 'needs a mail server; set smtp'
    return [
      ...(provider.reportTo.length > 0 ? [{ path: `providers[${index}].reportTo`, value: undefined, message }] : []),
      ...(provider.enrollment === 'send-enrollment-email'
        ? [{ path: `providers[${index}].enrollment`, value: JSON.stringify(provider.enrollment), message }]
        : []),
    ]
  })
}

function notifyUrls({ notify }: Config): Problem[] {
  return notify.flatMap(({ url: text }, index) => {
    const url = URL.parse(text)
    const isAccepted =
      url !== null &&
      (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopbackHost(url.hostname))) &&
      url.username === '' &&
      url.password === ''
    const path = `notify[${index}].url`
    const message = 'is not an https:// URL (http:// on loopback) without user name and password'
    return isAccepted ? [] : [{ path, value: shownValue(path, text), message }]
  })
}
