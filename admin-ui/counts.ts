/** A number as pages show it: `1,234`. */
export function countText(number: number): string {
  return number.toLocaleString('en-GB')
}

/** `1 change`, `38 changes`. */
export function countOf(number: number, one: string, many: string): string {
  return `${countText(number)} ${number === 1 ? one : many}`
}
