const token = String.raw`[\w!#$%&'*+.^\x60|~-]+`
const quoted = String.raw`"(?:[^"\\]|\\.)*"`
const parameter = String.raw`\s*;\s*(${token})(?:\s*=\s*(${quoted}|${token}))?`
const links = new RegExp(`<([^<>]*)>((?:${parameter})*)`, 'g')
const parameters = new RegExp(parameter, 'g')

/**
 * The URL of relation `next` in a Link header (RFC 8288 §3), also when several header lines arrive joined by commas.
 * Commas and semicolons may stand in URLs and in quoted texts, and a link may have several relations.
 */
export function readNextLink(header: string | null): string | undefined {
  for (const [, url = '', text = ''] of (header ?? '').matchAll(links)) {
    const [relation] = [...text.matchAll(parameters)].filter(([, name]) => name?.toLowerCase() === 'rel')
    const names = relation?.[2]
      ?.replace(/^"(.*)"$/, '$1')
      .toLowerCase()
      .split(/\s+/)
    if (names?.includes('next')) return url
  }
  return undefined
}
