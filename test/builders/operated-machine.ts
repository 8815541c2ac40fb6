import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { freePort } from './free-port.ts'
import { rosterd, runProgram } from './command-line.ts'

/** A machine as somebody on call finds it: a service, its log, and a shell in the folder of the configuration. */
export interface OperatedMachine extends AsyncDisposable {
  readonly path: string
  /** Folder of the store. */
  readonly database: string
  readonly ports: { readonly ldap: number; readonly ldaps: number; readonly admin: number }
  configure(config: object): Promise<void>
  /** What a command of the shell prints, on both outputs; addresses and folders as the docs have them are those here. */
  shell(command: string): Promise<string>
  /** Resolves when the log has the text. */
  logged(text: string): Promise<void>
  /** Of the service, while it runs. */
  pid(): Promise<number>
}

const systemctl = (before: string) => `#!/bin/bash
alive() { [ -s pid ] && kill -0 "$(cat pid)" 2>/dev/null; }
stop() { if alive; then kill -TERM "$(cat pid)"; tail -s 0.05 --pid="$(cat pid)" -f /dev/null; fi; }
start() {
  local lines=$(wc -l < log)
  ${before} ${rosterd} serve --log-format json >> log 2>&1 < /dev/null &
  echo $! > pid
  exec 3< <(exec tail -n "+$((lines + 1))" --pid="$(cat pid)" -s 0.05 -f log 2> /dev/null)
  grep -q -m1 '"event":"ready"' <&3
  kill $! # the reader of the log
}
case "$1" in
  is-active) alive && echo active || { echo inactive; exit 3; } ;;
  start) alive || start ;;
  stop) stop ;;
  restart) stop; start ;;
esac
`

/** `before`: what comes before the command of the service, whose store is in the folder it is given. */
export async function operatedMachine(
  config: object,
  before?: (database: string) => readonly string[],
): Promise<OperatedMachine> {
  const path = await mkdtemp(join(tmpdir(), 'rosterd-ops-'))
  const tools = join(path, 'bin')
  await mkdir(tools)
  await mkdir(join(path, 'backup'))
  const database = join(path, 'data', 'db')
  if (before) await mkdir(database, { recursive: true, mode: 0o700 })
  const quoted = (before?.(database) ?? []).map((word) => `'${word}'`).join(' ')
  const shims = {
    rosterd: `#!/bin/sh\nexec ${rosterd} "$@"\n`,
    journalctl: '#!/bin/sh\ncat log\n',
    systemctl: systemctl(quoted),
  }
  for (const [name, text] of Object.entries(shims)) await writeFile(join(tools, name), text, { mode: 0o755 })
  await writeFile(join(path, 'log'), '')
  const ports = { ldap: await freePort(), ldaps: await freePort(), admin: await freePort() }
  const configFile = join(path, 'ldap.config.json')
  const configure = (changes: object) =>
    writeFile(
      configFile,
      JSON.stringify({
        baseDn: 'dc=example,dc=com',
        dataDir: 'data',
        admin: { port: ports.admin },
        ...changes,
        ldap: { port: ports.ldap, ...('ldap' in changes ? (changes.ldap as object) : { tls: { port: ports.ldaps } }) },
      }),
    )
  await configure(config)
  const env = { ...process.env, PATH: `${tools}:${process.env['PATH'] ?? ''}`, ROSTERD_CONFIG: configFile }
  async function shell(command: string): Promise<string> {
    const here = command
      .replaceAll('localhost:8080', `127.0.0.1:${ports.admin}`)
      .replaceAll('localhost:6360', `127.0.0.1:${ports.ldaps}`)
      .replaceAll('/backup/', `${path}/backup/`)
    const { stdout } = await runProgram('bash', ['-c', `exec 2>&1; cd ${path}; ${here}`], env)
    return stdout
  }
  return {
    path,
    database,
    ports,
    configure,
    shell,
    async logged(text) {
      const tail = spawn('tail', ['-n', '+1', '-s', '0.05', '-f', join(path, 'log')], {
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      for await (const line of createInterface({ input: tail.stdout })) if (line.includes(text)) break
      tail.kill()
    },
    pid: async () => Number(await readFile(join(path, 'pid'), 'utf8')),
    async [Symbol.asyncDispose]() {
      await shell('systemctl stop rosterd')
      await rm(path, { recursive: true })
    },
  }
}
