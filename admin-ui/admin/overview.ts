import type { RequestHandler } from 'express'
import type { Administration } from './administration.ts'
import type { AdminPages } from './frame.ts'
import { overviewModel } from './overview-model.ts'
import type { OverviewServices } from './overview-services.ts'

/** How the server fares. */
export function overviewPage(
  pages: AdminPages,
  services: OverviewServices & Pick<Administration, 'clock'>,
): RequestHandler {
  return async (request, response) => {
    const facts = {
      notReady: services.notReady(),
      writeProblem: services.writeProblem(),
      providers: await services.providers(),
      figures: await services.figures(),
      readiness: await services.readiness(),
      figuresOverTime: await services.figuresOverTime(),
      bindRates: services.bindRates(),
      certificate: services.certificate(),
      configurationFile: services.configurationFile(),
      lastBackup: await services.lastBackup(),
    }
    pages.show(request, response, 'overview', overviewModel(facts, services.clock.now()))
  }
}
