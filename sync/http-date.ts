/** `Sun Nov  6 08:49:37 1994` */
const withoutZone = /^[A-Za-z]{3} [A-Za-z]{3} [ \d]\d \d\d:\d\d:\d\d \d{4}$/

/** A date in any form that HTTP has (RFC 9110 §5.6.7). One of them names no zone and is UTC all the same. */
export function parseHttpDate(text: string | null): Date | undefined {
  if (text === null) return undefined
  const time = Date.parse(withoutZone.test(text) ? `${text} GMT` : text)
  return Number.isNaN(time) ? undefined : new Date(time)
}
