/** A metric as it is published. */
interface PublishedMetric {
  readonly name: string
  readonly help: string
}

interface Figures {
  readonly byResult: Map<number, number>
  /** Operations by the first bound that they did not exceed; the last one counts those beyond all bounds. */
  readonly buckets: Float64Array
  seconds: number
  count: number
}

/**
 * How many operations ended how, and how long they took, in the exposition format of Prometheus. Recording is a few additions: it is done for
 * every operation, and a metrics library takes as long for it as some operations do.
 */
export class OperationFigures {
  private readonly bounds: readonly number[]
  private readonly byOperation = new Map<string, Figures>()

  /** Upper bounds of the buckets, in seconds, ascending. */
  constructor(bounds: readonly number[]) {
    this.bounds = bounds
  }

  record(operation: string, resultCode: number, seconds: number): void {
    const figures = this.byOperation.get(operation) ?? this.add(operation)
    figures.byResult.set(resultCode, (figures.byResult.get(resultCode) ?? 0) + 1)
    figures.seconds += seconds
    figures.count += 1
    const { bounds } = this
    let bucket = 0
    while (bucket < bounds.length && seconds > (bounds[bucket] ?? 0)) bucket += 1
    figures.buckets[bucket] = (figures.buckets[bucket] ?? 0) + 1
  }

  private add(operation: string): Figures {
    const figures = {
      byResult: new Map<number, number>(),
      buckets: new Float64Array(this.bounds.length + 1),
      seconds: 0,
      count: 0,
    }
    this.byOperation.set(operation, figures)
    return figures
  }

  text(counter: PublishedMetric, histogram: PublishedMetric, resultName: (resultCode: number) => string): string {
    const lines = [`# HELP ${counter.name} ${counter.help}`, `# TYPE ${counter.name} counter`]
    for (const [operation, { byResult }] of this.byOperation)
      for (const [resultCode, count] of byResult)
        lines.push(`${counter.name}{operation="${operation}",result="${resultName(resultCode)}"} ${count}`)
    lines.push(`# HELP ${histogram.name} ${histogram.help}`, `# TYPE ${histogram.name} histogram`)
    for (const [operation, { buckets, seconds, count }] of this.byOperation) {
      let sum = 0
      for (const [place, bound] of [...this.bounds, '+Inf'].entries()) {
        sum += buckets[place] ?? 0
        lines.push(`${histogram.name}_bucket{le="${bound}",operation="${operation}"} ${sum}`)
      }
      lines.push(`${histogram.name}_sum{operation="${operation}"} ${seconds}`)
      lines.push(`${histogram.name}_count{operation="${operation}"} ${count}`)
    }
    return `${lines.join('\n')}\n`
  }
}
