import { spawnSync } from 'node:child_process'
import { rm, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** A way to make the disk of a process full, and to make room again. */
export interface SmallDisk {
  readonly kind: 'memory' | 'limit'
  /** What a store says of it. */
  readonly cause: string
  /** A command that runs what follows it, under the same process id, with the disk in the place of `folder`. */
  within(folder: string): readonly string[]
  /** Leaves room for so many octets, none when not said. */
  fill(pid: number, folder: string, leaving?: number): Promise<void>
  makeRoom(pid: number, folder: string): Promise<void>
}

/**
 * A file system of its own in memory, which nobody but the process has, and which goes with it; where the machine allows no
 * such thing, a limit of file sizes.
 */
export function smallDisk(kind: SmallDisk['kind'] = possibleKind()): SmallDisk {
  return kind === 'memory' ? memoryDisk : limitedFiles
}

function possibleKind(): SmallDisk['kind'] {
  return spawnSync('unshare', ['-rm', 'sh', '-c', 'mount -t tmpfs tmpfs /tmp']).status === 0 ? 'memory' : 'limit'
}

const mebibytes = 96

const seen = (pid: number, folder: string) => `/proc/${pid}/root${folder}`
const filler = (pid: number, folder: string) => join(seen(pid, folder), 'filler')

const memoryDisk: SmallDisk = {
  kind: 'memory',
  cause: 'ENOSPC: no space left on device',
  within: (folder) => [
    'unshare',
    '-rm',
    'sh',
    '-c',
    `mount -t tmpfs -o size=${mebibytes}m tmpfs "$1" && shift && exec "$@"`,
    'sh',
    folder,
  ],
  async fill(pid, folder, leaving = 0) {
    const { bavail, bsize } = await statfs(seen(pid, folder))
    await writeFile(filler(pid, folder), Buffer.alloc(Math.max(0, bavail * bsize - leaving), 1))
  },
  makeRoom: (pid, folder) => rm(filler(pid, folder)),
}

const limitedFiles: SmallDisk = {
  kind: 'limit',
  cause: 'EFBIG: file too large',
  within: () => [],
  fill: (pid, _folder, leaving = 0) => limit(pid, `${leaving}:`),
  makeRoom: (pid) => limit(pid, 'unlimited:'),
}

async function limit(pid: number, fsize: string): Promise<void> {
  const { status, stderr } = spawnSync('prlimit', ['--pid', String(pid), `--fsize=${fsize}`], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`file sizes of process ${pid} cannot be limited: ${stderr}`)
}
