import { BlockList, isIP } from 'node:net'

/** Tells whether an address is in one of some networks. */
export type NetworkTest = (address: string) => boolean

/** What is wrong with a network in CIDR form, or a single address; undefined when it is one. */
export function networkProblem(text: string): string | undefined {
  const [address = '', prefix, ...rest] = text.split('/')
  const family = isIP(address)
  if (family === 0 || rest.length > 0) return 'is not an address or network such as "192.0.2.0/24" or "2001:db8::/32"'
  const most = family === 4 ? 32 : 128
  if (prefix !== undefined && !(/^\d{1,3}$/.test(prefix) && Number(prefix) <= most))
    return `has a prefix that is not 0 to ${most}`
  return undefined
}

/** Every address, when no network is given. Throws on text that {@link networkProblem} finds fault with. */
export function networkTest(networks: readonly string[]): NetworkTest {
  if (networks.length === 0) return () => true
  const list = new BlockList()
  for (const text of networks) {
    const problem = networkProblem(text)
    if (problem !== undefined) throw new Error(`"${text}" ${problem}`)
    const [address = '', prefix] = text.split('/')
    const family = isIP(address) === 4 ? 'ipv4' : 'ipv6'
    if (prefix === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(prefix), family)
  }
  return (address) => {
    const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '')
    const family = isIP(plain)
    return family !== 0 && list.check(plain, family === 4 ? 'ipv4' : 'ipv6')
  }
}
