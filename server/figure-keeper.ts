import type { DirectoryFigures, FigurePoint } from '../admin-ui/admin/overview-services.ts'
import type { Directory } from './directory/directory.ts'
import type { RecordReader } from './directory/directory-store.ts'
import type { Clock } from './runtime/clock.ts'

const recordKey = ['figures over time'] as const
const hourMs = 3_600_000
const dayMs = 24 * hourMs
const everyHourForMs = 7 * dayMs
const keptMs = 400 * dayMs
/** The start has enough to do. */
const firstAfterMs = 60_000

/** What was served in the past, oldest first: every hour of a week, every day of the 400 days before. */
export async function readFigurePoints(store: RecordReader): Promise<readonly FigurePoint[]> {
  const value = await store.get('meta', recordKey)
  return Array.isArray(value) ? (value as readonly FigurePoint[]) : [] // written below
}

/** Pure: which points stay when one is added. */
export function withFigurePoint(points: readonly FigurePoint[], point: FigurePoint): readonly FigurePoint[] {
  const now = Date.parse(point.at)
  const days = new Set<string>()
  const kept = points.filter(({ at }) => {
    const age = now - Date.parse(at)
    // The clock may have been set back.
    if (age <= 0 || age > keptMs) return false
    if (age <= everyHourForMs) return true
    const day = at.slice(0, 'yyyy-mm-dd'.length)
    const isFirst = !days.has(day)
    days.add(day)
    return isFirst
  })
  return [...kept, point]
}

export interface FigureKeeperParts {
  readonly directory: Pick<Directory, 'store' | 'commit' | 'isFilled'>
  readonly clock: Clock
  readonly figures: () => Promise<DirectoryFigures>
  readonly onProblem: (error: unknown) => void
}

/** Notes what is served soon, and then every hour until the signal is aborted; nothing before every provider has been read. */
export async function runFigureKeeper(parts: FigureKeeperParts, signal: AbortSignal): Promise<void> {
  const { clock, onProblem } = parts
  let waitMs = firstAfterMs
  for (;;) {
    await clock.sleep(waitMs, signal).catch(() => undefined)
    if (signal.aborted) return
    await note(parts).catch(onProblem)
    waitMs = hourMs - (clock.now().getTime() % hourMs)
  }
}

async function note({ directory, clock, figures }: FigureKeeperParts): Promise<void> {
  if (!directory.isFilled) return
  const points = await readFigurePoints(directory.store)
  const at = clock.now()
  const ageMs = at.getTime() - Date.parse(points.at(-1)?.at ?? '1970-01-01')
  // However often the server is started.
  if (ageMs >= 0 && ageMs < hourMs / 2) return
  const { people, groups } = await figures()
  const point = { at: at.toISOString(), people, groups }
  await directory.commit({
    cause: { kind: 'server', id: 'figures' },
    entries: [],
    records: [{ collection: 'meta', key: recordKey, value: withFigurePoint(points, point) }],
  })
}
