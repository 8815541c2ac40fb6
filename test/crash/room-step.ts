/** What a process does on a disk of its own. */
export type RoomStep =
  | { readonly do: 'copy'; readonly from: string; readonly as: string }
  /** Leaves room for so many octets; where files are limited, for so many in each. */
  | { readonly do: 'fill'; readonly leaving: number }
  | { readonly do: 'make room' }
  | { readonly do: 'names'; readonly of: string }
  | { readonly do: 'rosterd'; readonly args: readonly string[] }
  /** With a step that no version has, which may fill the disk on its way. */
  | { readonly do: 'upgrade'; readonly at: string; readonly isFilling: boolean }
