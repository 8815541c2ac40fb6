/** What becomes of a delivery: sent, never sent, sent twice, or kept until it is released. */
export type DeliveryMode = 'once' | 'lost' | 'twice' | 'held'

/** Calls that a simulated service makes to addresses it was told, as unreliable as a test wants them. */
export class Deliveries {
  mode: DeliveryMode = 'once'
  /** Status of every answer, oldest first; 0 where none came. */
  readonly statuses: number[] = []
  readonly #held: (() => Promise<Response>)[] = []
  readonly #underWay = new Set<Promise<void>>()

  send(call: () => Promise<Response>): void {
    if (this.mode === 'held') this.#held.push(call)
    else if (this.mode !== 'lost') for (let n = this.mode === 'twice' ? 2 : 1; n > 0; n--) this.#start(call)
  }

  /** Sends what was held, the latest first. */
  release(): void {
    for (const call of this.#held.splice(0).toReversed()) this.#start(call)
  }

  /** Resolves when everything under way is answered or has failed. */
  async idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay)
  }

  #start(call: () => Promise<Response>): void {
    const delivery = call()
      .then(async (answer) => {
        await answer.text()
        this.statuses.push(answer.status)
      })
      .catch(() => void this.statuses.push(0))
      .finally(() => this.#underWay.delete(delivery))
    this.#underWay.add(delivery)
  }
}
