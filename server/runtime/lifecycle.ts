import { type Clock, systemClock } from './clock.ts'

export interface LifecycleOptions {
  /** Stops everything when it aborts. */
  readonly signal?: AbortSignal
  /** A part that takes longer to stop is left behind. Default: 10 s. */
  readonly stopTimeoutMs?: number
  readonly clock?: Pick<Clock, 'sleep'>
  /** A part that could not be stopped, or not in time. */
  readonly onStopProblem?: (part: string, problem: unknown) => void
}

/**
 * Parts of the server, started one after the other and stopped in reverse order, each at most once.
 *
 *     const store = await lifecycle.start('store', () => openLevelStore(dir), (store) => store.close())
 */
export class Lifecycle implements AsyncDisposable {
  readonly #started: { readonly name: string; readonly stop: () => Promise<void> }[] = []
  readonly #options: LifecycleOptions
  readonly #stopping = new AbortController()
  readonly #stopped = Promise.withResolvers<void>()
  #stop: Promise<void> | undefined

  constructor(options: LifecycleOptions = {}) {
    this.#options = options
    const { signal } = options
    if (signal?.aborted) void this.stop()
    else signal?.addEventListener('abort', () => void this.stop(), { once: true })
  }

  /** Aborts when stopping begins: long work ends itself then. */
  get stopping(): AbortSignal {
    return this.#stopping.signal
  }

  /** Resolves when everything has been stopped. */
  get stopped(): Promise<void> {
    return this.#stopped.promise
  }

  /**
   * Starts a part and remembers how to stop it. A part that fails to start stops those before it, and its error is thrown;
   * once stopping has begun, parts are not started and {@link LifecycleStopped} is thrown.
   */
  async start<T>(
    name: string,
    open: (stopping: AbortSignal) => Promise<T> | T,
    close: (part: T) => Promise<void> | void,
  ) {
    if (this.#stop) throw new LifecycleStopped(name)
    let part: T
    try {
      part = await open(this.stopping)
    } catch (error) {
      await this.stop()
      throw error
    }
    const started = { name, stop: async () => close(part) }
    if (this.#stop) {
      await this.#stopPart(started)
      throw new LifecycleStopped(name)
    }
    this.#started.push(started)
    return part
  }

  /** Starts work that goes on until the signal aborts; stopping waits for its end. */
  async run(name: string, work: (stopping: AbortSignal) => Promise<unknown>): Promise<void> {
    await this.start(
      name,
      (stopping) => ({ ended: work(stopping) }),
      async ({ ended }) => void (await ended),
    )
  }

  /** Never rejects. */
  stop(): Promise<void> {
    this.#stop ??= this.#stopAll()
    return this.#stop
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #stopAll(): Promise<void> {
    this.#stopping.abort(new LifecycleStopped('the server'))
    for (const part of this.#started.toReversed()) await this.#stopPart(part)
    this.#stopped.resolve()
  }

  async #stopPart({ name, stop }: { name: string; stop: () => Promise<void> }): Promise<void> {
    const { stopTimeoutMs = 10_000, clock = systemClock, onStopProblem } = this.#options
    const timer = new AbortController()
    const timeout = clock.sleep(stopTimeoutMs, timer.signal).then(() => {
      throw new Error(`${name} did not stop within ${stopTimeoutMs / 1000} s`)
    })
    try {
      await Promise.race([stop(), timeout])
    } catch (error) {
      onStopProblem?.(name, error)
    } finally {
      timeout.catch(() => undefined)
      timer.abort()
    }
  }
}

/** Work was asked for, or was under way, when the server had begun to stop. */
export class LifecycleStopped extends Error {
  override readonly name = 'LifecycleStopped'

  constructor(what: string) {
    super(`${what} is stopping`)
  }
}
