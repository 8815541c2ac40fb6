import { writeSync } from 'node:fs'
import { open, rename, writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { resolve } from 'node:path'
import { type Command as CliCommand, InvalidArgumentError } from 'commander'
import {
  enrollmentListCommand,
  enrollmentResendCommand,
  enrollmentSendCommand,
} from '../commands/enrollment-command.ts'
import { explainCommand } from '../commands/explain-command.ts'
import { explainSignInCommand } from '../commands/explain-sign-in-command.ts'
import { type AccessReviewInput, accessReviewCommand } from '../commands/access-review-command.ts'
import { exportLdifCommand, type ExportLdifInput } from '../commands/export-ldif-command.ts'
import { historyCommand } from '../commands/history-command.ts'
import {
  comparedAttributes,
  type ComparedAttribute,
  matchFields,
  type PersonMatchField,
} from '../comparison/compared-attributes.ts'
import { type CommandLine, json, type OutputOptions, print } from './command-line.ts'
import { choiceOption, directoryMoment, endMoment, ipAddress, moment, positiveNumber } from './option-values.ts'

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

interface HistoryOptions {
  readonly since?: string
  readonly until?: string
  readonly limit: number
}

/** What is in the directory, and why. */
export function addDirectoryCommands(program: CliCommand, { load, run, execute }: CommandLine): void {
  program
    .command('explain')
    .description('why a person or group is served or not; with --bind-from or --binder why somebody cannot sign in')
    .argument('<name>', 'user name, cn, address, DN, entryUUID or immutable id')
    .option('--bind-from <address>', 'explain the sign-in of this person from a client at this address', ipAddress)
    .option('--binder <name>', 'with this service account looking the person up first')
    .option('--json', 'print JSON')
    .action((name: string, options: OutputOptions & { bindFrom?: string; binder?: string }) => {
      const { bindFrom: address, binder } = options
      return address === undefined && binder === undefined
        ? execute(explainCommand, { name }, options)
        : execute(explainSignInCommand, { name, address, binder }, options)
    })

  program
    .command('access-review')
    .description('print who has access and with what as CSV: groups, kinds of credentials, last sign-in')
    .option(
      '--at <when>',
      'who had it at the end of this day (in UTC), at a time, or after a change number; credentials of then are not known',
      directoryMoment,
    )
    .option('--group <name>', 'only who is in this group, by cn or DN, or in one that it holds')
    .option('--output <file>', 'write it there, with mode 0600, in place of printing it')
    .action(async ({ at, group, output }: Pick<AccessReviewInput, 'at' | 'group'> & { output?: string }) => {
      const review = (write: (text: string) => void) =>
        run(accessReviewCommand, { at, group, by: userInfo().username }, (part) => write(String(part)))
      if (output === undefined) await review(print)
      else {
        const people = await intoFile(resolve(output), review)
        process.stderr.write(`${people} people are in ${output}.\n`)
      }
    })

  program
    .command('history')
    .description('what was done to a person or group, by which run or administrator; also of one that is gone')
    .argument('<name>', 'user name, cn, address, DN or entryUUID, also a former one')
    .option('--since <time>', 'from this day on, in UTC, or from a time such as 2027-01-31T18:00Z', moment)
    .option('--until <time>', 'to the end of this day, in UTC, or to a time', endMoment)
    .option('--limit <number>', 'how many, the latest first', positiveNumber, 50)
    .option('--json', 'print JSON')
    .action((name: string, { since, until, limit, ...options }: OutputOptions & HistoryOptions) =>
      execute(historyCommand, { name, since, until, limit }, options),
    )

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
    .command('export-ldif')
    .description('print entries as LDIF, as they are or as they were; passwords are not part of it')
    .option(
      '--at <when>',
      'as they were at the end of this day (in UTC), at a time such as 2027-01-31T18:00Z, or after the change of this number',
      directoryMoment,
    )
    .option('--base <dn>', 'only this entry and what is below')
    .option('--filter <filter>', 'only what a search with this filter finds, such as (cn=vpn-users)')
    .action(async (options: ExportLdifInput) => {
      await run(exportLdifCommand, options, (part) => print(String(part)))
    })

  program
    .command('compare')
    .description('compare another LDAP server, or an LDIF file, with what is served')
    .argument('<source>', 'ldaps://HOST, ldap://HOST:PORT, or an LDIF file')
    .option('--bind-dn <dn>', 'account of the other server; its password comes from $ROSTERD_COMPARE_PASSWORD')
    .option('--password-file <file>', 'file with the password')
    .option('--base <dn>', 'only what is below (default: of the address, else the naming context of the server)')
    .option('--ca <file>', 'PEM file of the authorities to trust for this connection')
    .option('--insecure-cleartext', 'ldap:// to another machine without StartTLS')
    .addOption(choiceOption('--match <field>', 'match people by this alone', matchFields))
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
        '../commands/compare-command.ts'
      )
      const { bindDn, passwordFile, base, ca: caFile, insecureCleartext = false, match, ids, csv } = options
      const { config } = await load()
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

/** The file is there once all of it is. */
async function intoFile<Value>(file: string, work: (write: (text: string) => void) => Promise<Value>): Promise<Value> {
  const unfinished = `${file}.part`
  await using handle = await open(unfinished, 'w', 0o600)
  const value = await work((text) => writeSync(handle.fd, text))
  await handle.sync()
  await rename(unfinished, file)
  return value
}
