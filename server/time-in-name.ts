/** A time for the name of a file: sorts as it does. */
export function timeInName(time: Date): string {
  return time.toISOString().replaceAll(/[:.]/g, '-')
}
