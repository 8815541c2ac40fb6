/** What the log holds: every event of the sources, with its level, fields and meaning. A test fails for an event that has none. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

interface LogEvent {
  readonly event: string
  readonly levels: readonly string[]
  readonly fields: readonly string[]
}

const root = join(import.meta.dirname, '..')

/** Why an event is logged, and what to do. */
export const eventMeanings: Readonly<Record<string, string>> = {
  'LDAP is not answered any more; the server stops':
    'A defect ended the thread that answers LDAP. The service manager starts the server again; report the stack.',
  'LDAP operations could not be kept for the page of the log':
    'The page Logs has a gap; the access log itself has not. Look at the disk.',
  'a bind could not be answered': 'A defect: the client was told `unavailable`. Report the stack.',
  'a checked password could not be kept or dropped': 'What the cloud said was answered; its copy here is not written.',
  'a password of a file could not be upgraded': 'The password goes on working as it is in the file.',
  'administrator sign-in refused': 'Wrong name, password, code or account. Many of them: somebody guesses.',
  'administrator signed in': 'Who, from where, and in which role at an identity provider.',
  'binds could not be counted': 'The chart of binds on the Overview has a gap.',
  'certificate could not be read; the one before stays': 'Mend the file; it is read again when it changes.',
  'certificate could not be taken into use': 'New connections still get the certificate before.',
  'certificate in use is new': 'LDAP presents another certificate from now on.',
  'certificate of the admin page is new': 'Pages present another certificate from now on.',
  'change subscription': 'Microsoft Graph refused a subscription; syncs go on by their schedule.',
  'change subscription made': 'Microsoft Graph tells of changes until `expires`; renewed before.',
  'change subscription stays behind': 'An old subscription could not be removed; it ends by itself.',
  'clients cannot be watched': 'The page of a binder shows nothing live.',
  'configuration needs a restart for some settings': 'Start the server again when it suits.',
  'configuration read': '`changed` is in force now; empty: the file says what was so already.',
  'configuration refused; the one before stays': 'Mend every one of `problems`; it is tried again by itself.',
  'credential check': 'A credential was refused at its daily try, or could not be tried.',
  'credential health could not be recorded': 'What the pages say of the credential may be old.',
  delivered: 'A mail or notification was taken.',
  delivery: 'The outbox could not be read; tried again.',
  'delivery failed; tried again later': 'The mail server or URL did not take it; `next` is when it is tried again.',
  'delivery given up after three days': 'Mend the mail server or URL.',
  'delivery refused; not tried again': 'The receiver will never take it; `reason` is what it said.',
  enrolled: 'Somebody used an invitation.',
  'enrolled people become active with the next sync: settlement failed':
    'Nothing to do unless the next sync fails too.',
  'figures of the directory could not be kept': 'Charts on the Overview have a gap.',
  'HTTP request failed': 'A defect: the page said that something went wrong. Report the stack.',
  'last binds and failures could not be stored': 'Tried again; counts of failures are in memory. Look at the disk.',
  'many accounts fail to bind through an address that a binder uses':
    'Somebody may try passwords through a VPN or web application; the address is not blocked as a whole.',
  'master key cannot be used': 'Secrets of the store cannot be read until the key is back.',
  'master key replaced': 'Keep the new key with the backups.',
  'no image of the directory could be kept; the next start takes longer':
    'Mostly there is no room for a second copy of the directory in `dataDir`. Tried again in ten minutes.',
  'nobody administers this server yet: open the link in the file': 'The link makes the first Owner, once.',
  'old changes could not be forgotten': 'Tried again in a few hours. Look at the disk.',
  'old changes forgotten': 'As `retention.changeLogDays` says.',
  'old runs and actions could not be forgotten': 'Tried again in a few hours. Look at the disk.',
  'old runs and actions forgotten':
    'As `retention.runDays`, and for actions of administrators `retention.changeLogDays`, say.',
  'operation failed': 'A defect: the client was told `other`. Report the stack.',
  'outbox is full; the oldest items are dropped': 'The mail server or a URL has not taken anything for long.',
  'part did not stop': 'The server ended without it.',
  'part has failed': 'Something that goes on by itself has ended; start the server again, and report the stack.',
  'password check failed': 'A defect while the provider was asked: the client was told `unavailable`.',
  'password checks could not be reported': 'The mail about failing password checks is not written.',
  'passwords are checked again': 'The provider answers again.',
  'passwords cannot be checked': 'The provider does not answer; binds get `unavailable`, or the kept password.',
  'passwords cannot be checked until the set-up is mended': '`reason` has the way out.',
  'provider call is made again': 'A call of a run failed in passing, or the provider said to wait.',
  ready: 'LDAP and pages answer; the ports are real ones also where the configuration says 0.',
  'report watch': 'Stale providers could not be looked for; tried again.',
  'scheduled sync run': 'A run could not begin; tried again.',
  'sessions that expired could not be removed': 'Tried again.',
  'sign-in at a provider failed': 'OpenID Connect: `error` is what the provider or the check of its token said.',
  'signed in at a provider, and has no page here': 'Somebody whom no provider serves, or not any more.',
  'signed in to the own page': 'Somebody opened `/me`.',
  stopped: 'Everything was closed; the process ends.',
  'sync run': 'One line for each run. `error`: failed, and nothing was changed. `notices`: look at them.',
  'sync run could not be recorded': 'The store failed; look at the disk.',
  'sync run could not be reported': 'No mail is written for this run.',
  'backup made': 'By the schedule of `backup`; `file` is where.',
  'scheduled backup failed':
    'Nothing was removed; it is tried again every quarter of an hour. Look at the folder and its disk.',
  'a backup could not be reported': 'The store failed; look at the disk.',
  'the image of the directory is of no use; every entry is read instead':
    '`directory.image` is missing or damaged. The start takes longer, and the server writes another.',
  'the store takes changes again': 'There is room again; nothing is lost.',
  'the store takes no changes':
    'The disk is full or fails: LDAP goes on, changes and syncs are refused until it is mended.',
  'the store was upgraded': 'A store of an older version is of this one now; `file` is the backup of how it was.',
  'work that was asked for failed': 'What an administrator began on a page; the page shows the error too.',
}

/** What fields hold, wherever they are. */
export const fieldMeanings: Readonly<Record<string, string>> = {
  accounts: 'how many accounts',
  actions: 'how many actions of administrators',
  address: 'IP address of the client',
  admin: 'port of the pages',
  baseDn: 'suffix of the directory',
  before: 'ISO 8601; older is forgotten',
  by: '`admin:NAME`, `user:ID` or `server:WHY`',
  bytes: 'octets of answers',
  call: 'call to the provider, as `GET /users/delta`',
  calls: 'requests sent, repeats included',
  card: 'what to do, in these documents and on the page Operations',
  changed: 'settings, as `log.level`',
  changes: 'how many changes of the log',
  counts: 'added, updated, renamed … of users, groups and entries',
  credential: 'as `rosterd provider list` names it',
  dataDir: 'folder of the store',
  dropped: 'how many were dropped',
  entryUUID: 'person or group, for ever the same',
  err: 'type, message, stack, code and cause of an error',
  error: 'a sentence',
  expires: 'ISO 8601',
  file: 'path',
  id: 'immutable id at the provider',
  ldap: 'port of ldap://',
  ldaps: 'port of ldaps://',
  maxWaiting: 'what the outbox holds',
  method: 'of the HTTP request',
  mode: '`full`, `incremental`, `person`',
  name: 'administrator, where there is one of that name',
  next: 'ISO 8601: when it is tried again',
  notices: 'sentences: what did not fail the run',
  operation: 'LDAP operation',
  outcome: '`applied`, `unchanged`, `held`, `failed`, `cancelled`',
  part: 'of the server',
  path: 'of the HTTP request, without ids',
  problem: 'a sentence',
  problems: 'sentences, each with the setting',
  provider: 'provider id',
  reason: 'a sentence; clients are not told',
  repeats: 'requests made again',
  requestId: 'UUID of a bind or run, also at the provider',
  resource: 'what is subscribed to',
  role: 'of the administrator',
  runId: 'as `rosterd runs` has it',
  runs: 'how many runs',
  seconds: 'of the run, by step',
  service: 'which part was asked',
  settings: 'as `ldap.port`',
  status: 'HTTP status',
  throttles: 'answers that said to wait',
  trigger: '`schedule`, `hint`, `manual` …',
  version: 'of Rosterd',
  what: 'what was asked for',
}

/** Fields that the sources do not spell out beside the event. */
const fieldsBeside: Readonly<Record<string, readonly string[]>> = {
  ready: ['ldap', 'ldaps', 'admin'],
  'administrator sign-in refused': ['name'],
  'sync run': [
    'runId',
    'requestId',
    'provider',
    'trigger',
    'mode',
    'outcome',
    'counts',
    'calls',
    'throttles',
    'repeats',
    'bytes',
    'seconds',
    'notices',
    'error',
  ],
}

/** Every event that the sources log, in alphabetical order. */
export function loggedEvents(): readonly LogEvent[] {
  const found = new Map<string, { levels: Set<string>; fields: Set<string> }>()
  for (const file of sources()) {
    const text = readFileSync(join(root, file), 'utf8').replaceAll(/^ *\/?\*.*$/gm, '')
    for (const call of text.matchAll(/\b(?:logger|log)\.(debug|info|warn|error)\(/g)) {
      const parts = argumentsAt(text, call.index + call[0].length)
      const event = /^'([^']+)'$/.exec(parts.at(-1) ?? '')?.[1]
      if (event === undefined) continue
      const known = found.get(event) ?? { levels: new Set(), fields: new Set(fieldsBeside[event]) }
      found.set(event, known)
      known.levels.add(call[1] ?? '')
      for (const field of parts.length > 1 ? fieldsOf(parts[0] ?? '') : []) known.fields.add(field)
    }
  }
  return [...found]
    .map(([event, { levels, fields }]) => ({ event, levels: [...levels], fields: [...fields] }))
    .toSorted((a, b) => (a.event.toLowerCase() < b.event.toLowerCase() ? -1 : 1))
}

function sources(): readonly string[] {
  return ['server', 'sync', 'admin-ui'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(folder, name)),
  )
}

/** The arguments of a call, as they are written. */
function argumentsAt(text: string, start: number): readonly string[] {
  const parts: string[] = []
  let depth = 0
  let from = start
  let quote = ''
  for (let at = start; at < text.length; at++) {
    const character = text[at] ?? ''
    if (quote !== '') {
      if (character === '\\') at++
      else if (character === quote) quote = ''
    } else if (`'"\``.includes(character)) quote = character
    else if ('([{'.includes(character)) depth++
    else if (depth > 0 && ')]}'.includes(character)) depth--
    else if (depth === 0 && (character === ',' || character === ')')) {
      const part = text.slice(from, at).trim()
      if (part !== '') parts.push(part)
      from = at + 1
      if (character === ')') return parts
    }
  }
  return parts
}

/** Names of the members of an object that is written out. */
function fieldsOf(written: string): readonly string[] {
  if (!written.startsWith('{')) return []
  return argumentsAt(`${written.slice(1, -1)})`, 0).flatMap((member) => /^(\w+)/.exec(member)?.[1] ?? [])
}
