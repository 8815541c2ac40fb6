import type { RequestHandler } from 'express'
import { HttpProblem } from '../http-problem.ts'

/** The private certificate authority, for clients to trust. */
export function caCertificate(caPem: () => string | undefined): RequestHandler {
  return (_request, response) => {
    const pem = caPem()
    if (pem === undefined) {
      throw new HttpProblem(404, 'The certificate of this server was configured and is not issued by Rosterd.')
    }
    response.setHeader('Content-Type', 'application/x-pem-file')
    response.setHeader('Content-Disposition', 'attachment; filename="rosterd-ca.pem"')
    response.send(pem)
  }
}
