/** How one kind of client is set up. */
export interface ReadySetup {
  /** In addresses. */
  readonly id: string
  readonly name: string
  /** Run in this form against Rosterd; otherwise it follows from what is publicly known of the product. */
  readonly isTried: boolean
  readonly files: readonly ReadyFile[]
  /** What is typed into its forms. */
  readonly settings: readonly ReadySetting[]
  /** Sentences. */
  readonly notes: readonly string[]
}

export interface ReadyFile {
  readonly path: string
  /** Who has to be able to read it, in octal; undefined where it has no secret. */
  readonly mode?: string
  readonly text: string
}

export interface ReadySetting {
  readonly name: string
  /** What is to be copied stands between backticks. */
  readonly value: string
}

/** Lines of a file; what is undefined or false is left out. */
export function lines(...each: readonly (string | undefined | false)[]): string {
  return `${each.filter((line) => typeof line === 'string').join('\n')}\n`
}
