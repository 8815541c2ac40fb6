import type * as z from 'zod'
import type { BinderSettings } from '../../../server/directory/credentials/binder-records.ts'
import type { binderForm } from './inputs.ts'
import type { BinderDescription } from './services.ts'

/** A filter without subtrees is one for the whole tree. */
export function describedBinder(fields: z.output<typeof binderForm>, baseDn: string): BinderDescription {
  const { subtrees, filter, attributes, networks, requireTls, ntHash, mayNotSearch } = fields
  return {
    scope:
      subtrees.length === 0 && filter === ''
        ? 'tree'
        : { subtrees: subtrees.length === 0 ? [baseDn] : subtrees, ...(filter === '' ? {} : { filter }) },
    attributes: attributes.length === 0 ? '*' : attributes,
    networks,
    requireTls,
    grants: [...(ntHash ? (['ntHash'] as const) : []), ...(mayNotSearch ? (['mayNotSearch'] as const) : [])],
  }
}

/** What the fields of the form hold for a binder that there is. */
export function fieldsOf({ scope, attributes, networks, requireTls, grants }: BinderSettings) {
  return {
    subtrees: scope === 'tree' ? '' : scope.subtrees.join('\n'),
    filter: scope === 'tree' ? '' : (scope.filter ?? ''),
    attributes: attributes === '*' ? '' : attributes.join(' '),
    networks: networks.join('\n'),
    requireTls,
    ntHash: grants.includes('ntHash'),
    mayNotSearch: grants.includes('mayNotSearch'),
  }
}

/** The object for `binders` in the configuration file, without what is as by default. */
export function configurationOf(name: string, settings: BinderSettings): string {
  const { scope, attributes, networks, requireTls, grants } = settings
  return JSON.stringify(
    {
      name,
      password: { env: `${name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}_PASSWORD` },
      ...(scope === 'tree'
        ? {}
        : { scope: { subtrees: scope.subtrees, ...(scope.filter === null ? {} : { filter: scope.filter }) } }),
      ...(attributes === '*' ? {} : { attributes }),
      ...(networks.length === 0 ? {} : { networks }),
      ...(requireTls ? { requireTls } : {}),
      ...(grants.length === 0 ? {} : { grants }),
    },
    null,
    2,
  )
}
