/**
 * Stock ldapjs in a process of its own, so that a test can see it end. Argument: `bare` (no error listener), `listening` (with one),
 * `rejecting` (an async search handler that rejects). Prints its port.
 */
import ldap from 'ldapjs'

const [mode = 'bare'] = process.argv.slice(2)
const server = ldap.createServer()
if (mode !== 'bare') server.on('error', () => undefined)
server.bind('', (_request: unknown, response: { end(): void }, next: () => void) => {
  response.end()
  next()
})
server.search('', async (_request: unknown, response: { end(): void }) => {
  if (mode === 'rejecting') throw new Error('the backend failed')
  response.end()
})
server.listen(0, '127.0.0.1', () => process.stdout.write(`${new URL(server.url).port}\n`))
