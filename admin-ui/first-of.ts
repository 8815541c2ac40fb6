/** The first ones, `limit` at most; the others are not asked for. */
export async function firstOf<Item>(items: AsyncIterable<Item>, limit: number): Promise<readonly Item[]> {
  const found: Item[] = []
  for await (const item of items) {
    found.push(item)
    if (found.length === limit) break
  }
  return found
}
