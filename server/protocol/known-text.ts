/** Longer text is read anew each time. */
const longest = 64
const places = 1024
const known = Array.from({ length: places }, () => '')

/**
 * Text of octets that clients send again and again, such as names of attributes: the same string each time, which takes less than making one. A
 * place holds one text, the last that came to it.
 */
export function knownText(octets: Buffer, start: number, end: number): string {
  const length = end - start
  if (length > longest) return octets.toString('utf8', start, end)
  let hash = length
  for (let at = start; at < end; at += 1) {
    const octet = octets[at] ?? 0
    if (octet > 0x7f) return octets.toString('utf8', start, end)
    hash = (hash * 31 + octet) | 0
  }
  const place = hash & (places - 1)
  const text = known[place] ?? ''
  return isText(text, octets, start, length) ? text : (known[place] = octets.toString('latin1', start, end))
}

function isText(text: string, octets: Buffer, start: number, length: number): boolean {
  if (text.length !== length) return false
  for (let index = 0; index < length; index += 1) if (text.charCodeAt(index) !== octets[start + index]) return false
  return true
}
