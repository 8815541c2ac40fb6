import type { RequestHandler } from 'express'
import { isLoopbackAddress } from '../../server/runtime/loopback.ts'
import { HttpProblem } from '../http-problem.ts'

/** Lets through only clients on this machine, by the address of their connection; headers do not count. */
export const loopbackOnly: RequestHandler = (request, _response, next) => {
  if (!isLoopbackAddress(request.socket.remoteAddress)) {
    throw new HttpProblem(403, 'This address answers only to clients on the same machine.')
  }
  next()
}
