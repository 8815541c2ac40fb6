import { Level } from 'level'

/** LevelDB's own: makes tables of what it can read in `directory`, puts what it cannot use into `lost`, and begins a new MANIFEST. */
// `level` has no type for it.
export const { repair: repairFiles } = Level as unknown as { readonly repair: (directory: string) => Promise<void> }
