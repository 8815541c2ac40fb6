import type { Json, RecordChange } from './directory-store.ts'

/** Tells which image of the directory belongs to the store, and after which change it was made. */
export const imageMark = { collection: 'meta', key: ['image'] } as const satisfies Partial<RecordChange>

export interface ImageMark {
  readonly name: string
  readonly lastChange: number
}

/** undefined: there is none. */
export function imageMarkOf(value: Json | undefined): ImageMark | undefined {
  return value === undefined ? undefined : (value as unknown as ImageMark)
}
