import { createServer } from 'node:net'

/*
 * A server of Node that does nothing: it answers each message with a success of the same id, whatever was asked, and prints its port.
 * What it takes is what a socket takes.
 */

/** Of an LDAPMessage, with a length of one octet or none that matters: messages of the load are short. */
function answerTo(message: Buffer): { readonly answer: Buffer | undefined; readonly octets: number } {
  const long = (message[1] ?? 0) & 0x80 ? (message[1] ?? 0) & 0x7f : 0
  const head = 2 + long
  const octets = head + (long === 0 ? (message[1] ?? 0) : message.readUIntBE(2, long))
  const idEnd = head + 2 + (message[head + 1] ?? 0)
  const operation = message[idEnd] ?? 0
  if (operation === unbind) return { answer: undefined, octets }
  const id = message.subarray(head, idEnd)
  const success = Buffer.from([operation + 1, 7, 0x0a, 1, 0, 4, 0, 4, 0])
  return { answer: Buffer.concat([Buffer.from([0x30, id.length + success.length]), id, success]), octets }
}

const unbind = 0x42

const server = createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk: Buffer) => {
    for (let rest = chunk; rest.length > 0; ) {
      const { answer, octets } = answerTo(rest)
      if (answer === undefined) socket.destroy()
      else socket.write(answer)
      rest = rest.subarray(octets)
    }
  })
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.stdout.write(`${typeof address === 'object' ? address?.port : ''}\n`)
})
