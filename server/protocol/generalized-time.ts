const pattern = /^(\d{4})(\d{2})(\d{2})(\d{2})(?:(\d{2})(\d{2})?)?(?:[.,](\d+))?(Z|[+-]\d{2}(?:\d{2})?)$/

/** `20261122072007Z` (RFC 4517 §3.3.13), in UTC, to the second. */
export function formatGeneralizedTime(time: Date): string {
  return `${time.toISOString().slice(0, 19).replace(/[-:T]/g, '')}Z`
}

/** Milliseconds since 1970 of a Generalized Time value; undefined when the text is not one. */
export function parseGeneralizedTime(text: string): number | undefined {
  const match = pattern.exec(text)
  if (!match) return undefined
  const [, year, month, day, hour, minute, second, fraction, zone = 'Z'] = match
  const [y, mo, d, h, mi, s] = [year, month, day, hour, minute ?? '0', second ?? '0'].map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  if (mo < 1 || mo > 12 || d < 1 || d > 31 || h > 23 || mi > 59 || s > 60) return undefined
  const unitMs = second !== undefined ? 1000 : minute !== undefined ? 60_000 : 3_600_000
  const base = Date.UTC(y, mo - 1, d, h, mi, s)
  return base + (fraction === undefined ? 0 : Number(`0.${fraction}`) * unitMs) - zoneOffsetMs(zone)
}

function zoneOffsetMs(zone: string): number {
  if (zone === 'Z') return 0
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3, 5) || '0')
  return (zone.startsWith('-') ? -1 : 1) * minutes * 60_000
}
