/** What a server holds at a moment. */
export interface MemorySample {
  readonly minute: number
  readonly residentMib: number
  readonly heapMib: number
}

export interface Trend {
  /** Mean of the minutes 5 to 15, and of the last ten. */
  readonly early: number
  readonly late: number
  readonly isSteady: boolean
}

const most = 1.1

/** Undefined: the run was too short for the last ten minutes to be others than the first fifteen. */
export function memoryTrend(samples: readonly MemorySample[], of: 'residentMib' | 'heapMib'): Trend | undefined {
  const last = samples.at(-1)?.minute ?? 0
  if (last < 25) return undefined
  const mean = (from: number, to: number) => {
    const some = samples.filter(({ minute }) => minute > from && minute <= to).map((sample) => sample[of])
    return some.reduce((sum, value) => sum + value, 0) / some.length
  }
  const [early, late] = [mean(4, 15), mean(last - 10, last)]
  return { early, late, isSteady: late <= early * most && late >= early / most }
}
