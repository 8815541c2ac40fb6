import type { BinderServices } from '../../admin-ui/admin/binders/services.ts'
import { checkedBinder } from '../binders.ts'
import { binderDn } from '../directory/authentication/binder-registry.ts'
import type { Workspace } from '../workspace.ts'

/** Service accounts, for the administrators' pages. */
export function binderServices({ binders, directory }: Pick<Workspace, 'binders' | 'directory'>): BinderServices {
  const { suffix } = directory
  return {
    baseDn: suffix,
    list: async () => (await binders.list()).map((binder) => ({ ...binder, dn: binderDn(binder.name, suffix) })),
    async add(name, described, by) {
      return await binders.add(name, checkedBinder({ name, ...described }).settings, by)
    },
    async edit(name, described, by) {
      await binders.edit(name, checkedBinder({ name, ...described }).settings, by)
    },
    rotate: (name, overlapDays, by) => binders.rotate(name, overlapDays * 24 * 3_600_000, by),
    remove: (name, by) => binders.remove(name, by),
  }
}
