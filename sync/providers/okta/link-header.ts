/**
 * The URL of relation `next` in a Link header (RFC 8288), also when several header lines arrive joined by commas.
 * URLs may hold commas themselves, so links are found by their angle brackets.
 */
export function readNextLink(header: string | null): string | undefined {
  if (header === null) return undefined
  for (const match of header.matchAll(/<([^<>]*)>([^<]*)/g)) {
    const [, url, parameters] = match
    if (url !== undefined && parameters !== undefined && /;\s*rel="?next"?\s*(?:[;,]|$)/i.test(parameters)) return url
  }
  return undefined
}
