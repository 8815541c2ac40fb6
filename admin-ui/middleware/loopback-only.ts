import type { RequestHandler } from 'express'
import { isLoopbackAddress } from '../../server/runtime/loopback.ts'
import { addressOf } from '../client-address.ts'
import { HttpProblem } from '../http-problem.ts'

/**
 * Lets through only clients on this machine: by the address of their connection, and not through a proxy for others, which
 * says in a header that it is one, whether it is trusted or not.
 */
export const loopbackOnly: RequestHandler = (request, _response, next) => {
  const isDirect = proxyHeaders.every((name) => request.get(name) === undefined)
  const isHere = isLoopbackAddress(request.socket.remoteAddress) && isLoopbackAddress(addressOf(request))
  if (!isDirect || !isHere) {
    throw new HttpProblem(403, 'Without a token this address answers only to clients on the same machine.')
  }
  next()
}

const proxyHeaders = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via']
