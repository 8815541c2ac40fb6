import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runInThisContext } from 'node:vm'
import Handlebars from 'handlebars'

export interface Views {
  /** HTML of a page, such as `pages/home`. Throws when the model lacks what the template prints. */
  render(page: string, model: object): string
}

/**
 * Reads and compiles every template below `folder` at once, so that a broken one stops the start and not a request. Names
 * are paths without `.hbs`; all may be used as partials. Missing values are errors (`strict`); there are no helpers but
 * the built-in ones. `data` is what every template reaches with an @: addresses of assets as `@assets`.
 */
export async function loadViews(
  folder = join(import.meta.dirname, 'views'),
  data: { readonly assets?: Readonly<Record<string, string>> } = {},
): Promise<Views> {
  const handlebars = Handlebars.create()
  const templates = new Map<string, Handlebars.TemplateDelegate>()
  for (const file of (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.hbs'))) {
    const name = file.slice(0, -'.hbs'.length)
    const source = await readFile(join(folder, file), 'utf8')
    const template = compile(handlebars, name, source)
    templates.set(name, template)
    handlebars.registerPartial(name, template)
  }
  return {
    render(page, model) {
      const template = templates.get(page)
      if (!template) throw new Error(`There is no template ${page}.`)
      return template(model, { data: { ...data } })
    },
  }
}

/** `Handlebars.compile` would put the work off until the first request. */
function compile(handlebars: typeof Handlebars, name: string, source: string): Handlebars.TemplateDelegate {
  try {
    // Typed as a specification; it is the text of one.
    const script = handlebars.precompile(source, { strict: true, knownHelpersOnly: true }) as unknown as string
    return handlebars.template(runInThisContext(`(${script})`, { filename: `${name}.hbs` }))
  } catch (error) {
    throw new Error(`The template ${name}.hbs cannot be compiled: ${String(error)}`, { cause: error })
  }
}
