/**
 * Another file of this program, named without its ending: `.ts` in the sources, `.js` in the package. `beside` is the
 * `import.meta.url` of the caller.
 */
export function ownFile(name: string, beside: string): URL {
  return new URL(`${name}${beside.endsWith('.ts') ? '.ts' : '.js'}`, beside)
}
