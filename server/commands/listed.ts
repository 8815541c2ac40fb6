const atMost = 10

/** Names for a sentence: the first ones, and how many more there are. */
export function listed(names: readonly string[]): string {
  const others = names.length - atMost
  return names.slice(0, atMost).join(', ') + (others > 0 ? `, or of ${others} more` : '')
}
