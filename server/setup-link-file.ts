import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Administrators } from './directory/administrators/administrators.ts'

/**
 * While there is no administrator: a link to become the first Owner, in a file that the owner of the process alone can
 * read, and on the terminal. The log gets the name of the file: whoever reads logs may not be who should administer.
 */
export async function offerSetupLink(
  administrators: Pick<Administrators, 'firstLink'>,
  dataDir: string,
  {
    logger,
    terminal,
  }: {
    readonly logger: { info(fields: object, event: string): void }
    readonly terminal: ((text: string) => void) | undefined
  },
): Promise<void> {
  const file = join(dataDir, 'setup-link')
  await rm(file, { force: true }) // of an earlier start, perhaps readable by others
  const link = await administrators.firstLink()
  if (link === undefined) return
  await writeFile(file, `${link.url}\n`, { mode: 0o600, flag: 'wx' })
  logger.info({ file, expires: link.expires }, 'nobody administers this server yet: open the link in the file')
  terminal?.(`\nSet up the admin page (once, until ${link.expires}):\n\n  ${link.url}\n\n`)
}
