import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { configChecks } from '../../server/runtime/config-checks.ts'
import { configSchema } from '../../server/runtime/config-schema.ts'
import { rosterd, runProgram } from '../builders/command-line.ts'
import { describeWithTool } from '../builders/required-tool.ts'

const repository = join(import.meta.dirname, '..', '..')
const textOf = (name: string) => readFile(join(repository, name), 'utf8')

describeWithTool('systemd-analyze', 'packaging/rosterd.service', () => {
  test('is a unit that systemd takes, and exposes little', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'rosterd-unit-'))
    try {
      const unit = join(folder, 'rosterd.service')
      await writeFile(unit, (await textOf('packaging/rosterd.service')).replaceAll('/usr/bin/rosterd', rosterd))
      const verified = await runProgram('systemd-analyze', ['verify', unit])
      expect({ ...verified, stderr: verified.stderr.split('\n').filter((line) => line.includes('rosterd')) }).toEqual({
        exitCode: 0,
        stdout: '',
        stderr: [],
      })
      const security = await runProgram('systemd-analyze', ['security', '--offline=true', '--threshold=20', unit])
      expect(security).toMatchObject({ exitCode: 0 })
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})

test('the example of docs/install.md is a configuration', async () => {
  const [, example = ''] = /```json\n([^`]+)```/.exec(await textOf('docs/install.md')) ?? []
  const { providers, ...config } = configSchema.parse(JSON.parse(example))
  expect(configChecks.flatMap((check) => check({ ...config, providers }))).toEqual([])
})

describe('Dockerfile', () => {
  test('copies what there is, and runs as nobody special with a health check', async () => {
    const lines = (await textOf('Dockerfile')).split('\n').filter((line) => !line.startsWith('#'))
    const copied = lines.flatMap((line) => /^COPY (?!--from)(.+) \S+$/.exec(line)?.[1]?.split(' ') ?? [])
    expect(copied).toEqual(['package.json', 'package-lock.json', '.', 'package.json', 'package-lock.json'])
    for (const name of copied) expect(existsSync(join(repository, name))).toBe(true)
    const last = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')))
    expect(last.findLast((line) => line.startsWith('USER '))).toBe('USER node')
    expect(last.some((line) => line.startsWith('HEALTHCHECK '))).toBe(true)
    expect(last.find((line) => line.startsWith('COPY --from=build'))).toContain('/src/.tmp/package')
    const images = lines.filter((line) => line.startsWith('FROM ')).map((line) => line.split(' ')[1])
    expect(new Set(images).size).toBe(1)
  })

  test('leaves out of its context what is large or secret', async () => {
    expect((await textOf('.dockerignore')).split('\n')).toEqual(
      expect.arrayContaining(['.git', 'data', 'node_modules']),
    )
  })
})
