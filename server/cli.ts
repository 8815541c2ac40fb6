import { readFile, writeFile } from 'node:fs/promises'
import { constants, setPriority, userInfo } from 'node:os'
import { join } from 'node:path'
import { Command as CliCommand, InvalidArgumentError } from 'commander'
import { type Command, ExitCode } from './commands/command.ts'
import { enrollmentListCommand, enrollmentResendCommand, enrollmentSendCommand } from './commands/enrollment-command.ts'
import { explainCommand } from './commands/explain-command.ts'
import { exportLdifCommand } from './commands/export-ldif-command.ts'
import { idsExportCommand, idsImportCommand } from './commands/ids-command.ts'
import { linkConfirmCommand, linkListCommand, linkSeparateCommand } from './commands/link-command.ts'
import { planApproveCommand, planDiscardCommand, planShowCommand } from './commands/plan-command.ts'
import {
  providerAuthorizeCommand,
  providerForgetCommand,
  providerListCommand,
  providerTestCommand,
} from './commands/provider-command.ts'
import { relinkCommand, relinkUndoCommand } from './commands/relink-command.ts'
import { pauseCommand, resumeCommand, runsCommand, runsFollowCommand, undoCommand } from './commands/pause-command.ts'
import { previewCommand } from './commands/preview-command.ts'
import { syncCommand } from './commands/sync-command.ts'
import {
  comparedAttributes,
  type ComparedAttribute,
  matchFields,
  type PersonMatchField,
} from './comparison/compared-attributes.ts'
import { NotRunningError, runOverControlSocket } from './control/control-client.ts'
import { systemClock } from './runtime/clock.ts'
import type { LoadedConfig } from './runtime/config.ts'
import { ConfigError } from './runtime/config-problems.ts'
import { version } from './version.ts'

// What only some commands need is loaded when they run: most of them ask the server that runs already, and should be quick.

interface CommonOptions {
  readonly config?: string
}
interface OutputOptions extends CommonOptions {
  readonly json?: boolean
  readonly progress?: boolean
}

interface ImportOptions {
  readonly format?: 'csv' | 'ldif' | 'getent'
  readonly provider?: string
  readonly match: 'mail' | 'username' | 'employeeId'
  readonly dryRun?: boolean
  readonly skipConflicts?: boolean
}

interface RelinkOptions {
  readonly from?: string
  readonly to?: string
  readonly match?: string
  readonly dryRun?: boolean
  readonly undo?: boolean
}

interface CompareCliOptions {
  readonly bindDn?: string
  readonly passwordFile?: string
  readonly base?: string
  readonly ca?: string
  readonly insecureCleartext?: boolean
  readonly match?: PersonMatchField
  readonly ignore?: readonly ComparedAttribute[]
  readonly csv?: string
  readonly ids?: string
}

/** What to do when the output takes no more: a command has nothing left to do, and fails unless its reader has gone, as `head` does. */
let whenOutputEnds = (error: Error): void => {
  const isGone = 'code' in error && error.code === 'EPIPE'
  if (!isGone) process.stderr.write(`rosterd: the output cannot be written: ${error.message}\n`)
  process.exit(isGone ? process.exitCode : ExitCode.failed)
}
process.stdout.on('error', (error) => whenOutputEnds(error))

const program = new CliCommand('rosterd')
  .description('LDAP directory server backed by synced cloud identities')
  .version(version)
  .option('-c, --config <file>', 'configuration file (default: $ROSTERD_CONFIG or ./ldap.config.json)')
  .showHelpAfterError('Add --help for what is accepted.')
  .enablePositionalOptions()

program
  .command('serve')
  .description('run the server: LDAP, HTTP, scheduled syncs')
  .option(
    '--log-format <format>',
    'json (one event a line) or pretty',
    oneOf('json', 'pretty'),
    process.stdout.isTTY ? 'pretty' : 'json',
  )
  .action(async (options: { logFormat: 'json' | 'pretty' }) => {
    const signal = signalled()
    whenOutputEnds = () => undefined // a server goes on without its log
    const [{ startServer }, { createLogger }] = await Promise.all([import('./main.ts'), import('./runtime/logger.ts')])
    const loaded = await load(program.opts())
    const logger = createLogger({ level: loaded.config.log.level, format: options.logFormat })
    await using server = await startServer({
      loaded,
      env: process.env,
      clock: systemClock,
      logger,
      signal,
      accessLogSink: process.stdout,
    })
    yieldToLdap()
    const reload = () => void server.reload()
    process.on('SIGHUP', reload)
    await server.stopped
    process.removeListener('SIGHUP', reload)
    logger.info('stopped')
  })

program
  .command('demo')
  .description('run a trial on loopback: two simulated tenants, synced and served')
  .option('--ldap-port <port>', 'port of ldap://', portNumber, 3890)
  .option('--ldaps-port <port>', 'port of ldaps://', portNumber, 6360)
  .option('--admin-port <port>', 'port of http://', portNumber, 8080)
  .action(async (options: { ldapPort: number; ldapsPort: number; adminPort: number }) => {
    const { runDemo } = await import('./demo.ts')
    await runDemo(options, signalled())
  })

program
  .command('sync')
  .description('sync providers now: exit 0 applied or nothing to do, 2 changes held, 1 failed')
  .option('--provider <id>', 'only this provider')
  .option('--full', 'read everything, not only what changed')
  .option('--user <name>', 'only this person: user name, address, immutable id or sign-in name')
  .option('--dry-run', 'show what would change and write nothing')
  .option('--progress', 'show progress on stderr')
  .option('--json', 'print JSON')
  .action((options: OutputOptions & { provider?: string; user?: string; full?: boolean; dryRun?: boolean }) =>
    execute(
      syncCommand,
      {
        provider: options.provider,
        user: options.user,
        full: options.full ?? false,
        dryRun: options.dryRun ?? false,
      },
      options,
    ),
  )

program
  .command('runs')
  .description('the last sync runs, and which providers are paused')
  .option('--provider <id>', 'only this provider')
  .option('--limit <number>', 'how many', positiveNumber, 20)
  .option('--follow', 'print what the running server does in runs, one JSON event a line, until interrupted')
  .option('--json', 'print JSON')
  .action((options: OutputOptions & { provider?: string; limit: number; follow?: boolean }) =>
    options.follow
      ? follow(options.provider)
      : execute(runsCommand, { provider: options.provider, limit: options.limit }, options),
  )

program
  .command('undo')
  .description('take back what a sync run did, and pause its provider')
  .argument('<run>', 'id that "rosterd runs" prints')
  .option('--json', 'print JSON')
  .action((run: string, options: OutputOptions) => execute(undoCommand, { run, by: userInfo().username }, options))

program
  .command('pause')
  .description('apply nothing of a provider but who is disabled there')
  .argument('<provider>', 'provider id')
  .option('--reason <text>', 'shown wherever the pause is', 'paused by an administrator')
  .option('--json', 'print JSON')
  .action((provider: string, options: OutputOptions & { reason: string }) =>
    execute(pauseCommand, { provider, reason: options.reason, by: userInfo().username }, options),
  )

program
  .command('resume')
  .description('end the pause of a provider and apply what has waited')
  .argument('<provider>', 'provider id')
  .option('--json', 'print JSON')
  .action((provider: string, options: OutputOptions) =>
    execute(resumeCommand, { provider, by: userInfo().username }, options),
  )

program
  .command('preview')
  .description('what another configuration would change, from what was last read: exit 2 when changes would be held')
  .argument('<file>', 'the other configuration')
  .option('--user <name>', 'show the entry of this person or group, now and then')
  .option('--json', 'print JSON')
  .action(async (file: string, options: OutputOptions & { user?: string }) => {
    const { config } = await load({ config: file })
    await execute(previewCommand, { config, user: options.user }, options)
  })

const plan = program.command('plan').description('changes that wait for approval (accidental-deletion protection)')
plan
  .command('show')
  .description('list held changes: exit 2 when some wait')
  .option('--json', 'print JSON')
  .action((options: OutputOptions) => execute(planShowCommand, {}, options))
for (const [command, description] of [
  [planApproveCommand, 'apply exactly the held changes with this hash'],
  [planDiscardCommand, 'keep them held and do not ask again until they change'],
] as const) {
  plan
    .command(command.name.replace('plan-', ''))
    .description(description)
    .argument('[hash]', 'hash that "plan show" prints, or its first 8 or more digits')
    .option('--latest', 'the newest held plan')
    .option('--json', 'print JSON')
    .action((hash: string | undefined, options: OutputOptions & { latest?: boolean }) => {
      const wanted = options.latest ? 'latest' : hash
      if (wanted === undefined)
        program.error('error: name the hash of the plan, or --latest', { exitCode: ExitCode.failed })
      return execute(command as Command<object, unknown>, { hash: wanted, by: userInfo().username }, options)
    })
}

program
  .command('check')
  .description('check the configuration, its secrets and files, and every permission of every provider')
  .option('--offline', 'do not connect to providers')
  .option('--json', 'print JSON')
  .action(async (options: OutputOptions & { offline?: boolean }) => {
    const { runCheck } = await import('./commands/check.ts')
    const report = await runCheck(
      { loaded: await load(program.opts()), env: process.env, clock: systemClock },
      { offline: options.offline ?? false },
    )
    print(options.json ? json(report) : report.text)
    process.exitCode = report.ok ? ExitCode.ok : ExitCode.failed
  })

const enrollment = program.command('enrollment').description('people who are invited by mail')
enrollment
  .command('list')
  .description('who is invited, waits for it, or is enrolled')
  .option('--provider <id>', 'only people of this provider')
  .option('--json', 'print JSON')
  .action((options: OutputOptions & { provider?: string }) =>
    execute(enrollmentListCommand, { provider: options.provider }, options),
  )
enrollment
  .command('send')
  .description('mail the invitations that wait for it')
  .option('--provider <id>', 'only to people of this provider')
  .option('--user <name>', 'only to this person: user name, address or immutable id')
  .option('--json', 'print JSON')
  .action((options: OutputOptions & { provider?: string; user?: string }) =>
    execute(enrollmentSendCommand, { provider: options.provider, user: options.user }, options),
  )
enrollment
  .command('resend')
  .description('mail a new link to the address the person has now; older links end')
  .argument('<user>', 'user name, address or immutable id')
  .option('--json', 'print JSON')
  .action((user: string, options: OutputOptions) => execute(enrollmentResendCommand, { user }, options))

program
  .command('mail')
  .description('outgoing mail')
  .command('test')
  .description('send a test mail to an address now')
  .argument('<address>', 'who gets it')
  .action(async (address: string) => {
    const { sendTestMail } = await import('./commands/mail-test.ts')
    await sendTestMail({ loaded: await load(program.opts()), env: process.env, clock: systemClock }, address)
    print(`The mail server took the mail to ${address}.\n`)
  })

program
  .command('explain')
  .description('why a person or group is served or not')
  .argument('<name>', 'user name, cn, address, DN, entryUUID or immutable id')
  .option('--json', 'print JSON')
  .action((name: string, options: OutputOptions) => execute(explainCommand, { name }, options))

const link = program.command('link').description('people whom several providers hold')
const sourceArgument = '<source>'
const sourceHelp = 'PROVIDER:ID, as "link list" and "explain" show it'
link
  .command('list')
  .description('list linked people, and newcomers that are held because they look like somebody else')
  .option('--json', 'print JSON')
  .action((options: OutputOptions) => execute(linkListCommand, {}, options))
link
  .command('confirm')
  .description('the source is that person, and may check its password')
  .argument(sourceArgument, sourceHelp)
  .argument('<to>', 'user name, entryUUID or another source of the person')
  .option('--retire-ids', 'give up the ids that the source has of its own; they are never reused')
  .option('--json', 'print JSON')
  .action((source: string, to: string, options: OutputOptions & { retireIds?: boolean }) =>
    execute(
      linkConfirmCommand,
      { source, to, retireIds: options.retireIds ?? false, by: userInfo().username },
      options,
    ),
  )
link
  .command('separate')
  .description('the source is a person of its own')
  .argument(sourceArgument, sourceHelp)
  .option('--json', 'print JSON')
  .action((source: string, options: OutputOptions) =>
    execute(linkSeparateCommand, { source, by: userInfo().username }, options),
  )

const ids = program.command('ids').description('entryUUIDs and numbers, which never move')
ids
  .command('export')
  .description('print the whole ledger: imported into an empty store it gives every id back')
  .option('--csv', 'print CSV (default)')
  .option('--json', 'print JSON')
  .action((options: OutputOptions) => execute(idsExportCommand, {}, options))
ids
  .command('import')
  .description('take over numbers of a file, after a report of what conflicts: exit 1 when nothing was written for it')
  .argument('<file>', 'CSV, LDIF, or what "getent passwd" and "getent group" print')
  .option('--format <format>', 'csv, ldif or getent (default: by the name of the file)', oneOf('csv', 'ldif', 'getent'))
  .option('--provider <id>', 'whose people are meant')
  .option('--match <field>', 'mail, username or employeeId', oneOf('mail', 'username', 'employeeId'), 'username')
  .option('--dry-run', 'show what would happen and write nothing')
  .option('--skip-conflicts', 'write the rest although some lines conflict')
  .option('--json', 'print JSON')
  .action(async (file: string, options: OutputOptions & ImportOptions) =>
    execute(
      idsImportCommand,
      {
        text: await readFile(file, 'utf8'),
        format: options.format ?? formatOf(file),
        provider: options.provider,
        match: options.match,
        dryRun: options.dryRun ?? false,
        skipConflicts: options.skipConflicts ?? false,
        by: userInfo().username,
      },
      options,
    ),
  )

ids
  .command('relink')
  .description('give the ids of one provider’s people and groups to those of another')
  .option('--from <id>', 'provider whose people have the ids, also one that was taken out of the configuration')
  .option('--to <id>', 'provider whose people get them')
  .option('--match <how>', 'mail, username, employeeId, or a CSV file with the columns "from" and "to"')
  .option('--dry-run', 'show the plan and write nothing')
  .option('--undo', 'take the last relink back')
  .option('--json', 'print JSON')
  .action(async (options: OutputOptions & RelinkOptions) => {
    const { from, to, match, dryRun = false } = options
    const by = userInfo().username
    if (options.undo) return await execute(relinkUndoCommand, { by }, options)
    if (from === undefined || to === undefined || match === undefined)
      return program.error('error: name --from, --to and --match, or use --undo', { exitCode: ExitCode.failed })
    const isField = match === 'mail' || match === 'username' || match === 'employeeId'
    const how = isField ? match : { csv: await readFile(match, 'utf8') }
    return await execute(relinkCommand, { from, to, match: how, dryRun, by }, options)
  })

program
  .command('export-ldif')
  .description('print every entry as LDIF; passwords are not part of it')
  .action(async () => {
    await run(exportLdifCommand, {}, (part) => print(String(part)))
  })

const provider = program.command('provider').description('connections to clouds, and what they sign in with')
provider
  .command('list')
  .description('list providers with their credentials: who authorized them, last success, what is broken')
  .option('--json', 'print JSON')
  .action((options: OutputOptions) => execute(providerListCommand, {}, options))
provider
  .command('test')
  .description('try each permission with each credential: exit 1 when one is missing')
  .argument('[id]', 'only this provider')
  .option('--json', 'print JSON')
  .action((id: string | undefined, options: OutputOptions) => execute(providerTestCommand, { provider: id }, options))
provider
  .command('authorize')
  .description('print a one-time link with which an administrator authorizes an account')
  .argument('<id>', 'provider with a credential of kind "delegated"')
  .option('--for <purpose>', 'users, groups or both', oneOf('users', 'groups', 'both'), 'both')
  .option('--json', 'print JSON')
  .action((id: string, options: OutputOptions & { for: 'users' | 'groups' | 'both' }) =>
    execute(
      providerAuthorizeCommand,
      {
        provider: id,
        purposes: options.for === 'both' ? ['users', 'groups'] : [options.for],
        by: userInfo().username,
      },
      options,
    ),
  )
provider
  .command('forget')
  .description('remove the authorization of an account')
  .argument('<id>', 'provider')
  .argument('<authorization>', 'id that "provider list" prints')
  .option('--json', 'print JSON')
  .action((id: string, authorization: string, options: OutputOptions) =>
    execute(providerForgetCommand, { provider: id, authorization }, options),
  )

program
  .command('compare')
  .description('compare another LDAP server, or an LDIF file, with what is served: exit 0 all the same, 2 differences')
  .argument('<source>', 'ldaps://HOST, ldap://HOST:PORT, or an LDIF file')
  .option('--bind-dn <dn>', 'account of the other server; its password comes from $ROSTERD_COMPARE_PASSWORD')
  .option('--password-file <file>', 'file with the password')
  .option('--base <dn>', 'only what is below (default: of the address, else the naming context of the server)')
  .option('--ca <file>', 'PEM file of the authorities to trust for this connection')
  .option('--insecure-cleartext', 'ldap:// to another machine without StartTLS')
  .option('--match <field>', 'match people by this alone: uid, mail or employeeNumber', oneOf(...matchFields))
  .option(
    '--ignore <attributes>',
    `what may differ, with commas: ${comparedAttributes.join(', ')}`,
    comparedAttributeNames,
  )
  .option('--csv <file>', 'write one line for each person and group')
  .option('--ids <file>', 'write the numbers there as a file for "ids import"')
  .option('--json', 'print JSON')
  .action(async (source: string, options: OutputOptions & CompareCliOptions) => {
    const { compareCsv, compareExitCode, compareIds, compareText, runCompare } = await import(
      './commands/compare-command.ts'
    )
    const { bindDn, passwordFile, base, ca: caFile, insecureCleartext = false, match, ids, csv } = options
    const { config } = await load(program.opts())
    const report = await runCompare(
      {
        source,
        base,
        bindDn,
        passwordFile,
        caFile,
        insecureCleartext,
        match,
        ignore: new Set(options.ignore),
        proposesNumbers: ids !== undefined,
      },
      { env: process.env, posix: config.posix, run },
    )
    if (csv !== undefined) await writeFile(csv, compareCsv(report))
    if (ids !== undefined) await writeFile(ids, compareIds(report))
    print(options.json ? json(report) : compareText(report))
    process.exitCode = compareExitCode(report)
  })

/** Runs a command where the store is: in the server that has it, else here. */
async function run<Input, Value>(
  command: Command<Input, Value>,
  input: Input,
  progress: (value: unknown) => void,
): Promise<Value> {
  const loaded = await load(program.opts())
  try {
    return (await runOverControlSocket(
      join(loaded.config.dataDir, 'control.sock'),
      command.name,
      input,
      progress,
    )) as Value // made by the same command
  } catch (error) {
    if (!(error instanceof NotRunningError)) throw error
  }
  const [{ openWorkspace }, { createLogger }] = await Promise.all([
    import('./workspace.ts'),
    import('./runtime/logger.ts'),
  ])
  const logger = createLogger({ level: 'error', format: 'pretty', write: (line) => void process.stderr.write(line) })
  await using workspace = await openWorkspace({ loaded, env: process.env, clock: systemClock, logger })
  return await command.execute(workspace, input, progress, signalled())
}

/** Only a running server has something to tell. */
async function follow(provider: string | undefined): Promise<void> {
  const { config } = await load(program.opts())
  try {
    await runOverControlSocket(join(config.dataDir, 'control.sock'), runsFollowCommand.name, { provider }, (activity) =>
      print(`${JSON.stringify(activity)}\n`),
    )
  } catch (error) {
    if (!(error instanceof NotRunningError)) throw error
    program.error('error: no server is running here; start "rosterd serve", or use "rosterd sync --progress"', {
      exitCode: ExitCode.failed,
    })
  }
}

async function execute<Input, Value>(
  command: Command<Input, Value>,
  input: Input,
  options: OutputOptions,
): Promise<void> {
  const value = await run(command, input, (progress) => {
    if (options.progress) process.stderr.write(`${JSON.stringify(progress)}\n`)
  })
  print(options.json ? json(value) : command.text(value))
  process.exitCode = command.exitCode(value)
}

/** On Linux priority is a thread's: this one, which syncs, gives way to the one that answers LDAP. */
function yieldToLdap(): void {
  if (process.platform === 'linux') setPriority(constants.priority.PRIORITY_BELOW_NORMAL)
}

async function load({ config }: CommonOptions): Promise<LoadedConfig> {
  const [{ loadConfig }, { domainChecks }] = await Promise.all([
    import('./runtime/config.ts'),
    import('./config-checks.ts'),
  ])
  return await loadConfig({ path: config, env: process.env, checks: domainChecks, requireSecrets: true })
}

/** Aborts on SIGTERM and SIGINT; a second one ends the process at once. */
function signalled(): AbortSignal {
  const controller = new AbortController()
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.once(name, () => {
      controller.abort()
      process.once(name, () => process.exit(ExitCode.failed))
    })
  }
  return controller.signal
}

function oneOf(...accepted: readonly string[]) {
  return (value: string): string => {
    if (!accepted.includes(value)) throw new InvalidArgumentError(`It must be ${accepted.join(' or ')}.`)
    return value
  }
}

function comparedAttributeNames(text: string): readonly ComparedAttribute[] {
  return text.split(',').map((name) => {
    const known = comparedAttributes.find((attribute) => attribute.toLowerCase() === name.trim().toLowerCase())
    if (known === undefined)
      throw new InvalidArgumentError(
        `"${name}" is not compared; name some of ${comparedAttributes.join(', ')}, with commas.`,
      )
    return known
  })
}

function formatOf(file: string): 'csv' | 'ldif' | 'getent' {
  const [extension] = /[^.]*$/.exec(file.toLowerCase()) ?? []
  return extension === 'csv' || extension === 'ldif' ? extension : 'getent'
}

function portNumber(value: string): number {
  if (!/^\d{1,5}$/.test(value) || Number(value) > 65_535)
    throw new InvalidArgumentError('It must be a number from 0 to 65535.')
  return Number(value)
}

function positiveNumber(value: string): number {
  if (!/^[1-9]\d{0,5}$/.test(value)) throw new InvalidArgumentError('It must be a whole number from 1.')
  return Number(value)
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}

function print(text: string): void {
  process.stdout.write(text)
}

try {
  await program.parseAsync()
} catch (error) {
  const text =
    error instanceof ConfigError || !(error instanceof Error)
      ? String(error instanceof Error ? error.message : error)
      : `rosterd: ${error.message}${causeText(error)}`
  process.stderr.write(`${text}\n`)
  process.exitCode = ExitCode.failed
}

function causeText({ cause }: Error): string {
  return cause instanceof Error && cause.message !== '' ? ` (${cause.message.trim()})` : ''
}
