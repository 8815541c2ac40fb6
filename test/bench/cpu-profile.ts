/** What V8 writes, as far as it is read here. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[]
  /** Microseconds of the clock that `process.hrtime` reads. */
  readonly startTime: number
  /** Ids of nodes, one for each sample, and the microseconds since the sample before. */
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

interface ProfileNode {
  readonly id: number
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
}

/** Shares of the time in which the thread was not idle. */
export interface SelfTimes {
  readonly busySeconds: number
  readonly functions: readonly FunctionShare[]
  readonly garbageCollection: number
  /** Code that is no JavaScript: of V8, Node and the system. */
  readonly native: number
  /** The parts of it that have a name. */
  readonly nativeFunctions: readonly FunctionShare[]
}

interface FunctionShare {
  readonly name: string
  /** `file:line`, from the root of the sources. */
  readonly place: string
  readonly share: number
}

/** Self time of each function between two moments, the most first. */
export function selfTimes(profile: CpuProfile, window: { readonly from: number; readonly to: number }): SelfTimes {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node.callFrame]))
  const [functions, nativeFunctions] = [new Tally(), new Tally()]
  let [busy, garbage, native] = [0, 0, 0]
  let now = profile.startTime
  for (const [index, id] of profile.samples.entries()) {
    const spent = profile.timeDeltas[index] ?? 0
    now += spent
    const frame = nodes.get(id)
    if (!frame || now < window.from || now > window.to || isIdle(frame.functionName)) continue
    busy += spent
    if (frame.functionName === '(garbage collector)') garbage += spent
    else if (frame.url === '') {
      native += spent
      nativeFunctions.add(frame.functionName || '(unnamed)', '', spent)
    } else functions.add(frame.functionName || '(anonymous)', `${shortened(frame.url)}:${frame.lineNumber + 1}`, spent)
  }
  const share = (part: number) => (busy === 0 ? 0 : part / busy)
  return {
    busySeconds: busy / 1e6,
    functions: functions.shares(busy),
    nativeFunctions: nativeFunctions.shares(busy),
    garbageCollection: share(garbage),
    native: share(native),
  }
}

class Tally {
  private readonly spent = new Map<string, { name: string; place: string; microseconds: number }>()

  add(name: string, place: string, microseconds: number): void {
    const key = `${name} ${place}`
    const found = this.spent.get(key)
    if (found) found.microseconds += microseconds
    else this.spent.set(key, { name, place, microseconds })
  }

  /** The most first. */
  shares(whole: number): FunctionShare[] {
    return [...this.spent.values()]
      .map(({ name, place, microseconds }) => ({ name, place, share: whole === 0 ? 0 : microseconds / whole }))
      .sort((a, b) => b.share - a.share)
  }
}

/** The thread that the profile is of. */
export function threadOf(profile: CpuProfile): 'LDAP thread' | 'main thread' | 'another thread' {
  const has = (file: string) => profile.nodes.some(({ callFrame }) => callFrame.url.endsWith(file))
  return has('/server/ldap-worker.ts') ? 'LDAP thread' : has('/server/main.ts') ? 'main thread' : 'another thread'
}

export function selfTimeTable(times: SelfTimes, most: number): string {
  const percent = (share: number) => `${(share * 100).toFixed(1)} %`
  const native = times.nativeFunctions.slice(0, nativeShown).map(({ name, share }) => `${name} ${percent(share)}`)
  return [
    `busy ${times.busySeconds.toFixed(2)} s`,
    `${percent(times.garbageCollection).padStart(7)}  garbage collection`,
    `${percent(times.native).padStart(7)}  native${native.length > 0 ? `: ${native.join(', ')}` : ''}`,
    ...times.functions
      .slice(0, most)
      .map(({ name, place, share }) => `${percent(share).padStart(7)}  ${name}  ${place}`),
  ].join('\n')
}

const nativeShown = 8
const isIdle = (name: string) => name === '(idle)' || name === '(root)'

function shortened(url: string): string {
  return /(?:server|sync|admin-ui|node_modules)\/.*$/.exec(url)?.[0] ?? url
}
