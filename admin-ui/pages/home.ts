import type { RequestHandler } from 'express'
import type { Views } from '../views.ts'
import type { Readiness } from './health.ts'

export function home(views: Views, ready: () => Readiness): RequestHandler {
  return (_request, response) => {
    const { ok, reasons } = ready()
    response.type('html').send(views.render('pages/home', { title: 'Rosterd is running', isReady: ok, reasons }))
  }
}
