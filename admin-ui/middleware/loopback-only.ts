import type { RequestHandler } from 'express'
import { isLoopbackAddress } from '../../server/runtime/loopback.ts'
import { addressOf } from '../client-address.ts'
import { HttpProblem } from '../http-problem.ts'

/** Lets through only clients on this machine: by the address of their connection, and not through a trusted proxy for others. */
export const loopbackOnly: RequestHandler = (request, _response, next) => {
  if (!isLoopbackAddress(request.socket.remoteAddress) || !isLoopbackAddress(addressOf(request))) {
    throw new HttpProblem(403, 'Without a token this address answers only to clients on the same machine.')
  }
  next()
}
