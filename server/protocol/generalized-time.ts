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
  const midnight = new Date(0).setUTCFullYear(y, mo - 1, d) // Date.UTC reads the years 0 to 99 as 1900 to 1999
  const isDate = new Date(midnight).getUTCMonth() === mo - 1
  const offset = zoneOffsetMs(zone)
  if (!isDate || h > 23 || mi > 59 || s > 60 || offset === undefined) return undefined
  const unitMs = second !== undefined ? 1000 : minute !== undefined ? 60_000 : 3_600_000
  const base = midnight + ((h * 60 + mi) * 60 + s) * 1000
  return base + (fraction === undefined ? 0 : Number(`0.${fraction}`) * unitMs) - offset
}

function zoneOffsetMs(zone: string): number | undefined {
  if (zone === 'Z') return 0
  const hours = Number(zone.slice(1, 3))
  const minutes = Number(zone.slice(3, 5))
  if (hours > 23 || minutes > 59) return undefined
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000
}
