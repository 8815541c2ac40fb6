/** Where the servers run for a workload: what data, what certificate. */
export type Setting = 'usual' | 'rsa' | 'bcrypt'

/** What both servers are asked, and how much better than slapd ours has to be. */
export interface Workload {
  readonly name: string
  readonly title: string
  /** Arguments of the load generator. */
  readonly load: readonly string[]
  /** Another load at the same time, which is not measured. */
  readonly beside?: readonly string[]
  /** What the ratio is of: CPU of the server for each operation, or the slowest hundredth. */
  readonly compares: 'cpu' | 'p99'
  readonly setting: Setting
  /** slapd's figure divided by ours: the least that a release has, and what the design can reach. */
  readonly floor: number
  readonly goal: number
}

const one = ['-c', '16']
const plain = { compares: 'cpu', setting: 'usual' } as const

export const workloads: readonly Workload[] = [
  { ...plain, name: 'bind', title: 'bind (warm)', load: ['-w', 'bind', ...one], floor: 1.5, goal: 2.2 },
  { ...plain, name: 'search-uid', title: 'search-uid', load: ['-w', 'search-uid', ...one], floor: 2.5, goal: 5 },
  {
    ...plain,
    name: 'search-uidNumber',
    title: 'search-uidNumber',
    load: ['-w', 'search-uidNumber', ...one],
    floor: 2.5,
    goal: 5,
  },
  { ...plain, name: 'memberof', title: 'memberof', load: ['-w', 'memberof', ...one], floor: 2, goal: 4 },
  {
    ...plain,
    name: 'search-memberships',
    title: 'search-memberships',
    load: ['-w', 'search-memberships', ...one],
    floor: 3.5,
    goal: 6.5,
  },
  { ...plain, name: 'login', title: 'login (a connection each)', load: ['-w', 'login', ...one], floor: 2, goal: 3 },
  { ...plain, name: 'connect', title: 'connect', load: ['-w', 'connect', ...one], floor: 1.6, goal: 2.3 },
  {
    ...plain,
    name: 'pipelined',
    title: 'search-uid, 4 × 32 in flight',
    load: ['-w', 'search-uid', '-c', '4', '-P', '32'],
    floor: 10,
    goal: 28,
  },
  {
    ...plain,
    name: 'enumerate',
    title: 'enumerate, page 500',
    load: ['-w', 'enumerate', '-c', '1', '-g', '500'],
    floor: 8,
    goal: 18,
  },
  {
    ...plain,
    name: 'tls-connect',
    title: 'TLS connect, P-256',
    load: ['-w', 'connect', '-T', ...one],
    floor: 0.8,
    goal: 1,
  },
  {
    ...plain,
    name: 'tls-connect-rsa',
    title: 'TLS connect, RSA-2048',
    load: ['-w', 'connect', '-T', ...one],
    setting: 'rsa',
    floor: 2,
    goal: 2.5,
  },
  {
    ...plain,
    name: 'tls-search-uid',
    title: 'TLS search-uid',
    load: ['-w', 'search-uid', '-T', ...one],
    floor: 1.8,
    goal: 3.2,
  },
  {
    ...plain,
    name: 'beside-bcrypt',
    title: 'search-uid beside 6 bcrypt binds/s, cost 10',
    load: ['-w', 'search-uid', ...one],
    beside: ['-w', 'bind', '-c', '8', '-r', '6'],
    setting: 'bcrypt',
    floor: 2,
    goal: 3,
  },
  {
    ...plain,
    name: 'beside-enumerate',
    title: 'search-uid at 2,000/s while someone enumerates (p99)',
    load: ['-w', 'search-uid', '-c', '8', '-r', '2000'],
    beside: ['-w', 'enumerate', '-c', '1', '-g', '500'],
    compares: 'p99',
    floor: 1,
    goal: 3,
  },
]

/** What a server may take by itself: most that a release takes, and what the design can reach. */
export interface Bounds {
  readonly floor: number
  readonly goal: number
}

/** By number of people; other sizes have none. */
export const memoryBoundsMib: ReadonlyMap<number, Bounds> = new Map([
  [100_000, { floor: 350, goal: 250 }],
  [1_000_000, { floor: 2.2 * 1024, goal: 1.5 * 1024 }],
])
export const startBoundsSeconds: ReadonlyMap<number, Bounds> = new Map([
  [100_000, { floor: 2, goal: 0.8 }],
  [1_000_000, { floor: 15, goal: 8 }],
])
/** CPU of a search among 1,000,000 people, divided by that among 1,000. */
export const growthBounds: Bounds = { floor: 1.6, goal: 1.3 }
export const growthFrom = 1_000
