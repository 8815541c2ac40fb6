import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command as CliCommand } from 'commander'
import { ExitCode } from '../commands/command.ts'
import { systemClock } from '../runtime/clock.ts'
import type { LoadedConfig } from '../runtime/config.ts'
import { ConfigError } from '../runtime/config-problems.ts'
import { type CommandLine, json, type OutputOptions, print } from './command-line.ts'
import { firstConfig, nextSteps } from './first-config.ts'
import { answersOf, type InitOptions, providerTypes } from './init-answers.ts'
import { choiceOption, portNumber } from './option-values.ts'
import { questionsOnTerminal } from './questions.ts'
import { requireFree, writeFirstConfig } from './write-first-config.ts'

type InitCliOptions = OutputOptions & InitOptions & { readonly force?: boolean; readonly offline?: boolean }

/** The first configuration. */
export function addInitCommand(program: CliCommand, { configPath, load }: CommandLine): void {
  program
    .command('init')
    .description('write a configuration of answers to questions, or of these options, and check it')
    .option('--base-dn <dn>', 'what everything is below (default: dc=example,dc=com)')
    .option('--organization <name>', 'name of the organization (default: Example)')
    .option('--data-dir <folder>', 'where the server keeps its store (default: ./data)')
    .addOption(
      choiceOption('--listen <where>', 'trial: this machine alone; network: also others', ['trial', 'network']),
    )
    .option('--public-host <name>', 'name under which other machines reach this one; needed for network')
    .option('--cert <file>', 'PEM certificate of that name, for LDAPS and the admin page (default: one is made)')
    .option('--key <file>', 'PEM private key of that certificate')
    .option('--ldap-port <port>', 'port of ldap://', portNumber, 3890)
    .option('--ldaps-port <port>', 'port of ldaps://', portNumber, 6360)
    .option('--admin-port <port>', 'port of the admin page', portNumber, 8080)
    .addOption(choiceOption('--provider <type>', 'where people come from; none: add it on the page', providerTypes))
    .option('--provider-id <id>', 'its short name, never to be changed (default: its type)')
    .option('--provider-name <name>', 'its name for people (default: its id)')
    .option('--tenant-id <id>', 'Entra ID, Office 365: directory (tenant) id')
    .option('--client-id <id>', 'Entra ID, Office 365: application (client) id')
    .option('--delegated', 'Entra ID, Office 365: accounts are authorized with a link, and there is no client secret')
    .option('--org-url <url>', 'Okta: address of the org, such as https://acme.okta.com')
    .option('--secret-env <name>', 'variable that has the client secret or API token')
    .option('--secret-file <file>', 'file that has it, relative to the configuration')
    .option('--ldif <file>', 'LDIF: the file, relative to the configuration')
    .option('--binder <name>', 'make a service account; its password goes into a file of its own')
    .option('--force', 'replace a configuration that is there')
    .option('--offline', 'do not connect to providers for the check')
    .option('--json', 'print JSON')
    .action(async ({ force: replace = false, offline = false, ...options }: InitCliOptions) => {
      const path = configPath()
      if (!replace) requireFree(path)
      using questions = process.stdin.isTTY && !options.json ? questionsOnTerminal() : undefined
      const answers = await answersOf(options, questions)
      const made = firstConfig(answers, {
        schema: schemaFrom(dirname(path)),
        newPassword: () => randomBytes(18).toString('base64url'),
      })
      await writeFirstConfig(path, made, { replace, requireValid: (file) => valid(() => load(file, false), path) })
      const files = [path, ...Array.from(made.secretFiles.keys(), (name) => join(dirname(path), name))]
      const steps = nextSteps(answers, path)
      const report = await checked(() => load(path), offline)
      if (options.json) print(json({ files, next: steps, check: report }))
      else
        print(
          `${files.map((file, index) => `Written: ${file}${index === 0 ? '' : ', mode 0600'}\n`).join('')}\n${report.text}\nNext:\n${steps.map((step) => `  ${step}\n`).join('')}`,
        )
      process.exitCode = report.ok ? ExitCode.ok : ExitCode.failed
    })
}

/** Says what is wrong of the configuration that was not written, and nothing of the draft. */
async function valid(load: () => Promise<LoadedConfig>, path: string): Promise<void> {
  try {
    await load()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    throw new ConfigError(`${path} was not written`, error.problems, { cause: error })
  }
}

/** A secret that is yet to be put in its place is no reason not to have written the configuration. */
async function checked(load: () => Promise<LoadedConfig>, offline: boolean) {
  const { runCheck } = await import('../commands/check.ts')
  try {
    return await runCheck({ loaded: await load(), env: process.env, clock: systemClock }, { offline })
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return { ok: false, results: [], text: `FAIL ${error.message}\n` }
  }
}

/** Where editors find the schema; undefined where it was not installed. */
function schemaFrom(folder: string): string | undefined {
  const schema = fileURLToPath(new URL('../../docs/config.schema.json', import.meta.url))
  if (!existsSync(schema)) return undefined
  const fromHere = relative(folder, schema)
  return fromHere.startsWith('..') ? schema : `./${fromHere}`
}
