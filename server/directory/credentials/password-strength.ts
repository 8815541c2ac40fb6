import type { ZxcvbnFactory } from '@zxcvbn-ts/core'

/** What is hard to guess by its beginning needs no look at the rest, which takes long. */
const lookedAt = 40

let estimator: Promise<ZxcvbnFactory> | undefined

/** How hard a password is to guess, from 0 to 4; `names` count as words that are tried first. The dictionaries are loaded when first needed. */
export async function passwordScore(password: string, names: readonly string[]): Promise<number> {
  estimator ??= createEstimator()
  return (await estimator).check(password, [...names]).score
}

async function createEstimator(): Promise<ZxcvbnFactory> {
  const [{ ZxcvbnFactory }, common, english] = await Promise.all([
    import('@zxcvbn-ts/core'),
    import('@zxcvbn-ts/language-common'),
    import('@zxcvbn-ts/language-en'),
  ])
  return new ZxcvbnFactory({
    dictionary: { ...common.dictionary, ...english.dictionary },
    graphs: common.adjacencyGraphs,
    maxLength: lookedAt,
  })
}
