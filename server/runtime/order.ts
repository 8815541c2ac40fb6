/** For `sort`: by a text of each, in the order of code units. Those of the same text stay in the order they are in. */
export function ascending<T>(textOf: (one: T) => string): (a: T, b: T) => number {
  return (one, other) => {
    const [a, b] = [textOf(one), textOf(other)]
    return a < b ? -1 : a > b ? 1 : 0
  }
}

/** The same from the last to the first, such as the latest of times (ISO 8601, UTC) first. */
export function descending<T>(textOf: (one: T) => string): (a: T, b: T) => number {
  return (one, other) => ascending(textOf)(other, one)
}
