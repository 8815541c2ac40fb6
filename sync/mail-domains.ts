import { domainToASCII } from 'node:url'

/** A domain in its ASCII form, lower case: two spellings of one internationalized domain are equal. */
export function asciiDomain(domain: string): string {
  const lower = domain.trim().toLowerCase()
  return domainToASCII(lower) || lower
}

/** The domain behind the last `@`, in its ASCII form; of a text without `@`, the whole of it. */
export function domainOf(address: string): string {
  return asciiDomain(address.slice(address.lastIndexOf('@') + 1))
}

/** The form in which mail addresses are compared: case does not count, nor how the domain is written. */
export function foldAddress(address: string): string {
  const at = address.lastIndexOf('@')
  return `${address.slice(0, Math.max(0, at)).trim().normalize('NFC').toLowerCase()}@${domainOf(address)}`
}
