/** What `--help` and docs/command-line.md say of a command beside its options. */
export interface CommandNote {
  /** Without the name of the program. */
  readonly examples: readonly string[]
  readonly exitCodes: string
}

const doneOrFailed = '0 done, 1 failed'
const answered = '0 answered, 1 failed'

/** By path. */
const notes: Readonly<Record<string, readonly [exitCodes: string, ...examples: readonly string[]]>> = {
  init: [
    '0 written, and all good; 1 something is not, or nothing was written',
    'init',
    'init --base-dn dc=acme,dc=example --binder reader',
    'init --public-host ldap.acme.example --provider entra --tenant-id TENANT --client-id CLIENT --secret-env ENTRA_SECRET',
    '--config /etc/rosterd/ldap.config.json init --data-dir /var/lib/rosterd --public-host ldap.acme.example --provider okta --org-url https://acme.okta.com --secret-file okta-token',
  ],
  serve: ['0 stopped by a signal, 1 could not start', 'serve', '--config /etc/rosterd/ldap.config.json serve'],
  reload: [
    '0 taken over, 2 taken over but something needs a restart, 1 refused, or no server runs',
    'reload',
    'reload --json',
  ],
  demo: ['0 stopped by a signal, 1 could not start', 'demo', 'demo --ldap-port 10389 --admin-port 10080'],
  sync: [
    '0 applied or nothing to do, 2 changes held, 1 failed',
    'sync',
    'sync --provider contoso --full --progress',
    'sync --user ada --dry-run',
  ],
  runs: [
    '0 answered, 1 failed; with --follow 1 when no server runs',
    'runs --provider contoso --limit 5',
    'runs --follow',
  ],
  undo: [doneOrFailed, 'undo contoso/2027-01-31T09:00:00.000Z'],
  pause: [doneOrFailed, 'pause contoso --reason "merging two tenants"'],
  resume: ['0 applied or nothing to do, 2 changes held, 1 failed', 'resume contoso'],
  preview: ['0 nothing would be held, 2 changes would be held, 1 failed', 'preview new.config.json --user ada'],
  'plan show': ['0 none wait, 2 some wait, 1 failed', 'plan show', 'plan show --json'],
  'plan approve': ['0 applied, 2 others are held, 1 failed, or the plan is another by now', 'plan approve 3f29ab01'],
  'plan discard': [doneOrFailed, 'plan discard --latest'],
  'provider list': [answered, 'provider list'],
  'provider test': ['0 all good, 1 a permission is missing, or failed', 'provider test contoso'],
  'provider authorize': [doneOrFailed, 'provider authorize contoso --for users'],
  'provider forget': [doneOrFailed, 'provider forget contoso 0f3c'],
  explain: [
    '0 known, or nothing stops the sign-in; 1 unknown, stopped, or failed',
    'explain ada@example.com',
    'explain ada --bind-from 192.0.2.7 --binder sssd',
  ],
  'access-review': [
    doneOrFailed,
    'access-review --output review.csv',
    'access-review --group vpn-users --at 2027-03-01',
  ],
  history: [
    '0 answered, 1 nobody is or was called so, or failed',
    'history ada',
    'history vpn-users --since 2027-01-01 --until 2027-01-31',
  ],
  'enrollment list': [answered, 'enrollment list --provider contoso'],
  'enrollment send': [doneOrFailed, 'enrollment send --user ada'],
  'enrollment resend': [doneOrFailed, 'enrollment resend ada'],
  'export-ldif': [
    doneOrFailed,
    'export-ldif > directory.ldif',
    "export-ldif --at 2027-03-01 --filter '(cn=vpn-users)'",
  ],
  compare: [
    '0 all the same, 2 differences, 1 could not be read whole',
    'compare ldaps://old.example.com --bind-dn cn=reader,dc=example,dc=com --password-file secret --ids ids.csv',
    'compare old.ldif --ignore loginShell,homeDirectory',
  ],
  'link list': [answered, 'link list'],
  'link confirm': [doneOrFailed, 'link confirm acme:00u1a2 ada --retire-ids'],
  'link separate': [doneOrFailed, 'link separate acme:00u1a2'],
  'ids export': [answered, 'ids export > ids.csv'],
  'ids import': [
    '0 done, 1 failed, or nothing was written for conflicts',
    'ids import passwd.txt --dry-run',
    'ids import ids.csv --provider contoso --match mail',
  ],
  'ids relink': [doneOrFailed, 'ids relink --from old --to new --match mail --dry-run', 'ids relink --undo'],
  'key rotate': [doneOrFailed, 'key rotate'],
  'user show': [answered, 'user show ada'],
  'user set-password': ['0 done, 1 refused by the policy, or failed', 'user set-password ada --must-change'],
  'user reset-password': [doneOrFailed, 'user reset-password ada'],
  'user remove-password': [doneOrFailed, 'user remove-password ada'],
  'user block': [doneOrFailed, 'user block ada --reason "lost laptop" --until 2027-01-31'],
  'user blocked': [answered, 'user blocked'],
  'user unblock': [doneOrFailed, 'user unblock ada'],
  'user revoke': [doneOrFailed, 'user revoke ada --totp'],
  'user pass-through': [doneOrFailed, 'user pass-through ada never'],
  'user app-password add': [
    doneOrFailed,
    'user app-password add ada --name phone --expires 2027-01-31 --network 192.0.2.0/24',
  ],
  'user app-password list': [answered, 'user app-password list ada'],
  'user app-password revoke': [doneOrFailed, 'user app-password revoke ada k3v9'],
  'user totp begin': [doneOrFailed, 'user totp begin ada'],
  'user totp confirm': [doneOrFailed, 'user totp confirm ada 123456'],
  'user totp recovery-codes': [doneOrFailed, 'user totp recovery-codes ada'],
  'user totp reset': [doneOrFailed, 'user totp reset ada'],
  'binder add': [
    doneOrFailed,
    'binder add sssd --network 192.0.2.0/24 --require-tls',
    'binder add radius --subtree ou=people,dc=example,dc=com --grant ntHash',
  ],
  'binder list': [answered, 'binder list'],
  'binder rotate': [doneOrFailed, 'binder rotate sssd --overlap-days 14'],
  'binder remove': [doneOrFailed, 'binder remove sssd'],
  'admin create': [doneOrFailed, 'admin create grace --role auditor'],
  'admin reset': [doneOrFailed, 'admin reset grace'],
  'admin list': [answered, 'admin list'],
  'admin remove': [doneOrFailed, 'admin remove grace'],
  backup: [doneOrFailed, 'backup /var/backups/rosterd/monday.backup'],
  repair: [
    '0 repaired, or nothing to repair; 2 with --dry-run when there is something; 1 failed',
    'repair --dry-run',
    'repair --ids ids.csv',
  ],
  restore: [doneOrFailed, 'restore /var/backups/rosterd/monday.backup --force'],
  'throttle list': [answered, 'throttle list'],
  'throttle clear': [doneOrFailed, 'throttle clear 192.0.2.7', 'throttle clear --all'],
  check: ['0 all good, 1 something is not', 'check', 'check --offline --json'],
  'mail test': ['0 the mail server took it, 1 failed', 'mail test admin@example.com'],
  completion: [
    doneOrFailed,
    'completion bash > /etc/bash_completion.d/rosterd',
    'completion zsh > ~/.zfunc/_rosterd',
    'completion fish > ~/.config/fish/completions/rosterd.fish',
  ],
}

/** Throws an Error for a command that nothing was written about. */
export function noteOf(path: string): CommandNote {
  const note = notes[path]
  if (note === undefined) throw new Error(`server/command-line/notes.ts has nothing about "${path}"`)
  const [exitCodes, ...examples] = note
  return { exitCodes, examples }
}

/** Paths of the commands that there are notes about. */
export function notedPaths(): readonly string[] {
  return Object.keys(notes)
}
