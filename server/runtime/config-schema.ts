import { z } from 'zod'
import { mailAddressPattern } from './mail-address.ts'

/**
 * The one description of `ldap.config.json`: types, defaults, editor help and `docs/configuration.md` come from here.
 * Objects are strict: an unknown key is an error with its path. Messages given here follow the path and the value, as in
 * `ldap.port: 99999 is not a port (0 to 65535)`; config-problems.ts words the others.
 */

const portMessage = 'is not a port (0 to 65535)'
const port = z.int(portMessage).min(0, portMessage).max(65_535, portMessage)
const host = z.string().min(1)
const mailAddress = z.string().regex(mailAddressPattern, 'is not a mail address such as "admin@example.com"')
const httpsUrl = z.url({ protocol: /^https$/, error: 'is not an https:// URL' })

/** A secret: the name of an environment variable, a file, or (loopback trials only) the value itself. */
const secretSource = z.union(
  [
    z.strictObject({ env: z.string().min(1).describe('Name of the environment variable that holds the secret.') }),
    z.strictObject({
      file: z.string().min(1).describe('File that holds the secret; one trailing newline is ignored.'),
    }),
    z.string().min(1).describe('The secret itself. Accepted only when every listener is on loopback.'),
  ],
  { error: 'is not a secret: use { "env": "NAME" } or { "file": "PATH" }' },
)

/** Kept encrypted in the store: only providers that are managed on the admin page have such a secret. */
const sealedSecret = z.strictObject({ sealed: z.string().min(1).describe('Name of the secret in the store.') })

const usernameAttribute = z
  .string()
  .min(1)
  .describe(
    'Where usernames come from: `sAMAccountName`, `userPrincipalName`, `mail`, `login`, or a field of the provider record.',
  )
const strip = z
  .enum(['domain', 'none'])
  .describe('Makes usernames of addresses. `domain`: only the part before `@`; `none`: the whole value.')

const idRangeMessage = 'is not a pair of ids such as [1000, 60000] (each 1 to 4294967294)'
const id = z.int(idRangeMessage).min(1, idRangeMessage).max(4_294_967_294, idRangeMessage)
const idRange = z.tuple([id, id], idRangeMessage)

/** What is reported by mail and to `notify` URLs. */
const eventTypes = [
  'backup.failing',
  'backup.recovered',
  'changes.held',
  'credential.broken',
  'credential.expiring',
  'credential.recovered',
  'digest',
  'enrollment.waiting',
  'passwords.failing',
  'passwords.recovered',
  'provider.failing',
  'provider.recovered',
  'provider.stale',
  'run.finished',
] as const

const filters = z.strictObject({
  groupPrefixes: z
    .array(z.string())
    .default([])
    .describe('Only groups whose name begins with one of these; any case. Empty: all.'),
  selectedGroups: z.array(z.string()).default([]).describe('Only these groups, by immutable id or name. Empty: all.'),
  groupsWithoutEmail: z.boolean().default(false).describe('Serve groups that have no e-mail address.'),
  allowUsersInGroups: z
    .array(z.string())
    .default([])
    .describe('Only members of these groups are active. Empty: everybody.'),
  denyUsersInGroups: z
    .array(z.string())
    .default([])
    .describe('Members of these groups are not active, whatever else says so.'),
  nonAllowedStatus: z.enum(['disabled', 'inactive']).optional().describe('Status of people in a denied group.'),
  domainRestriction: z.boolean().default(false).describe('Serve only people whose address is in `domains`.'),
  domains: z.array(z.string()).default([]).describe('Accepted domains; `*.example.com` means its subdomains.'),
  subdomains: z.boolean().default(false).describe('Accept the subdomains of `domains` too.'),
  signInBlocked: z
    .enum(['inactive', 'ignore'])
    .default('inactive')
    .describe('What a sign-in blocked by the provider means here: the person is inactive, or nothing.'),
  guests: z.boolean().default(false).describe('Serve guest users.'),
})

const providerCommon = {
  id: z
    .string()
    .regex(
      /^[a-z][a-z0-9-]{0,31}$/,
      'is not a provider id: lower-case letters, digits and "-", a letter first, 32 at most',
    )
    .describe('Short name used in commands and logs. Never change it: ids and history hang on it.'),
  name: z.string().min(1).describe('Descriptive name shown to people.'),
  users: z.boolean().default(true).describe('Serve the users of this provider.'),
  groups: z.boolean().default(true).describe('Serve the groups of this provider.'),
}

const cloudCommon = <Secret extends z.ZodType>(secret: Secret) => ({
  ...providerCommon,
  usernameAttribute: usernameAttribute.optional().describe('As `naming.usernameAttribute`, for this provider.'),
  strip: strip.optional().describe('As `naming.strip`, for this provider.'),
  uniqueField: z
    .enum(['email', 'username'])
    .default('email')
    .describe(
      'By what people of this provider are recognized as those of providers before it: `email` (the primary address) or `username` (the wished user name). They are linked to one person when both are active and no guests, the domain of their mail addresses is vouched for by both providers (`linkDomains`), and the match is one to one; any other match is held and reported. A known immutable id is never linked again by itself. The `domains` filter compares the domain of the same field.',
    ),
  enrollment: z
    .enum(['only-sync', 'trust-email', 'send-enrollment-email'])
    .default('only-sync')
    .describe(
      'What happens when a person first appears: nothing more, the address is trusted, or an invitation is mailed and the person is active once its link was used.',
    ),
  filters: filters.prefault({}).describe('Which users and groups of this provider are served.'),
  linkDomains: z
    .array(z.string())
    .nullable()
    .default(null)
    .describe(
      'Mail domains this provider vouches for when people are linked (`uniqueField`); null: the verified domains of an Entra tenant, none for Okta.',
    ),
  attributes: z
    .record(z.string(), z.string())
    .default({})
    .describe('Further attributes: LDAP name to field of the provider record, or to a `{template}`.'),
  passThroughBind: z.boolean().default(false).describe('Let the provider check passwords at bind.'),
  signIn: z
    .strictObject({
      clientId: z
        .string()
        .min(1, 'is empty; use the id of the client, or null')
        .nullable()
        .default(null)
        .describe(
          'OpenID Connect client; its redirect URI is `<admin.publicUrl>/me/callback`. null: nobody signs in there.',
        ),
      clientSecret: secret.nullable().default(null).describe('Secret of that client; null for a public client.'),
    })
    .prefault({})
    .describe('How people of this provider sign in to the self-service page.'),
  schedule: z
    .strictObject({
      incrementalMinutes: z.number().min(1).default(10).describe('Minutes between runs, with jitter.'),
      fullHours: z.number().min(1).default(24).describe('Hours between full runs.'),
    })
    .prefault({})
    .describe('When the provider is synced.'),
  reportTo: z.array(mailAddress).default([]).describe('Mail addresses that get the reports of this provider.'),
  reportRuns: z
    .enum(['digest', 'each'])
    .default('digest')
    .describe('Report the runs of a day together, when something changed, or each run that changed something at once.'),
  staleAfterHours: z
    .number()
    .positive()
    .default(24)
    .describe('Hours without a successful run after which the provider counts as stale.'),
  denyPassThroughAfterDays: z
    .number()
    .positive()
    .nullable()
    .default(null)
    .describe('Days without a successful run after which the provider checks no passwords any more; null: never.'),
  requestTimeoutSeconds: z.number().positive().default(30).describe('Time-out of one call to the cloud.'),
})

const entraCredential = <Secret extends z.ZodType>(secret: Secret) =>
  z.union(
    [
      z.strictObject({
        kind: z.literal('application').describe('An app registration with its own permissions.'),
        clientSecret: secret.describe('Secret of the app registration.'),
      }),
      z.strictObject({
        kind: z.literal('application'),
        certificateFile: z.string().describe('PEM certificate registered with the app.'),
        privateKeyFile: z.string().describe('PEM private key of that certificate.'),
      }),
      z.strictObject({
        kind: z
          .literal('delegated')
          .describe('Accounts that administrators authorize with a link from `rosterd provider authorize`.'),
      }),
    ],
    {
      error:
        'is not a credential: use { "kind": "application", "clientSecret": … }, { "kind": "application", "certificateFile": …, "privateKeyFile": … } or { "kind": "delegated" }',
    },
  )

const entra = <T extends 'entra' | 'office365', Secret extends z.ZodType>(type: T, secret: Secret) =>
  z.strictObject({
    type: z.literal(type).describe('Microsoft Entra ID (`entra`) or the same tenant as Office 365 (`office365`).'),
    ...cloudCommon(secret),
    tenantId: z.string().min(1).describe('Directory (tenant) id.'),
    clientId: z.string().min(1).describe('Application (client) id of the app registration.'),
    credentials: z
      .array(entraCredential(secret))
      .min(1)
      .describe('Tried in order; a failing one is reported and the next one used.'),
    authorityHost: httpsUrl
      .default('https://login.microsoftonline.com')
      .describe('Where tokens come from; differs in national clouds.'),
    graphUrl: httpsUrl
      .default('https://graph.microsoft.com/v1.0')
      .describe('Microsoft Graph with its version; differs in national clouds.'),
    scope: z
      .string()
      .default('https://graph.microsoft.com/.default')
      .describe('Scope asked for; differs in national clouds.'),
    changeNotifications: z
      .boolean()
      .default(false)
      .describe(
        'Let Microsoft Graph tell of changes, so that a run follows within seconds. Microsoft must reach `<admin.publicUrl>/hooks/graph/<id>` over https; notifications of groups need the permission `Group.Read.All`.',
      ),
    passThroughClientId: z.string().nullable().default(null).describe('Public client used to check passwords at bind.'),
  })

const okta = <Secret extends z.ZodType>(secret: Secret) =>
  z.strictObject({
    type: z.literal('okta').describe('Okta.'),
    ...cloudCommon(secret),
    orgUrl: httpsUrl.describe('Address of the org, such as `https://acme.okta.com`.'),
    apiToken: secret.nullable().default(null).describe('API token of a read-only administrator.'),
    oauth: z
      .strictObject({
        clientId: z.string().describe('Client id of the OAuth service app.'),
        privateKeyFile: z.string().describe('PEM or JWK private key of the service app.'),
        keyId: z.string().optional().describe('Id of that key, when the app has several.'),
        scopes: z.array(z.string()).default(['okta.users.read', 'okta.groups.read']).describe('Scopes asked for.'),
      })
      .nullable()
      .default(null)
      .describe('OAuth service app instead of an API token.'),
    eventHook: z
      .strictObject({
        secret: secret.describe('Value of the header `Authorization` that Okta sends.'),
      })
      .nullable()
      .default(null)
      .describe(
        'Let an event hook of Okta tell of changes, so that a run follows within seconds. Its URL is `<admin.publicUrl>/hooks/okta/<id>`.',
      ),
    rateLimitShare: z
      .number()
      .gt(0)
      .max(1)
      .default(1)
      .describe('Share of the rate limits of the org that may be used; the rest is left to other integrations.'),
  })

const ldif = z.strictObject({
  type: z.literal('ldif').describe('A file of entries, served as they are.'),
  ...providerCommon,
  path: z.string().min(1).describe('LDIF file (RFC 2849), relative to the configuration file.'),
  flattenGroups: z.boolean().default(false).describe('Add the members of nested groups to the groups above them.'),
})

const provider = <Secret extends z.ZodType>(secret: Secret) =>
  z.discriminatedUnion('type', [entra('entra', secret), entra('office365', secret), okta(secret), ldif], {
    error: (issue) =>
      issue.code === 'invalid_union' ? 'is not a provider type: "entra", "office365", "okta" or "ldif"' : undefined,
  })

/** A provider that is managed on the admin page: as in the file, with its secrets kept in the store. */
export const managedProviderSchema = provider(z.union([sealedSecret, secretSource]))

export const binderSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'is not a binder name: letters, digits, ".", "_" and "-", 64 at most')
    .describe('Binds as `cn=<name>,ou=services,<baseDn>`.'),
  password: secretSource.describe('Its password.'),
  scope: z
    .union(
      [
        z.literal('tree'),
        z.strictObject({
          subtrees: z.array(z.string()).describe('DNs below which the binder may read.'),
          filter: z.string().optional().describe('Entries must match this LDAP filter as well.'),
        }),
      ],
      { error: 'is not a scope: use "tree" or { "subtrees": ["ou=…"], "filter": "(…)" }' },
    )
    .default('tree')
    .describe('What it may read: the whole tree, or some subtrees.'),
  attributes: z
    .union([z.literal('*'), z.array(z.string())], { error: 'is not "*" or a list of attribute names' })
    .default('*')
    .describe('Attributes it may read.'),
  networks: z.array(z.string()).default([]).describe('Addresses it may come from, such as `10.0.0.0/8`. Empty: any.'),
  requireTls: z.boolean().default(false).describe('Refuse its binds on cleartext connections, loopback included.'),
  grants: z
    .array(z.enum(['ntHash', 'mayNotSearch']))
    .default([])
    .describe('`ntHash`: may read NT hashes; `mayNotSearch`: may only bind.'),
})

const limits = z.strictObject({
  messageBytes: z.int().min(1024).default(1_048_576).describe('Largest request after a bind.'),
  messageBytesBeforeBind: z.int().min(1024).default(65_536).describe('Largest request before a bind.'),
  depth: z.int().min(8).default(64).describe('Deepest nesting of a request.'),
  filterTerms: z.int().min(1).default(10_000).describe('Most terms of one search filter.'),
  connections: z.int().min(1).default(10_000).describe('Most connections in all.'),
  connectionsPerAddress: z
    .int()
    .min(1)
    .default(512)
    .describe('Most connections of one address. Loopback is not limited.'),
  requestsInFlight: z.int().min(1).default(256).describe('Over this the server stops reading from the connection.'),
  idleSeconds: z.number().positive().default(1800).describe('A bound connection without requests is closed.'),
  handshakeSeconds: z.number().positive().default(30).describe('Half a message or a TLS handshake may take this long.'),
})

const roles = ['owner', 'administrator', 'user-manager', 'auditor'] as const
const role = z.enum(roles).describe('What they may do: `owner`, `administrator`, `user-manager` or `auditor`.')
const admittedName = z.string().optional().describe('Who that is, for readers of this file; it decides nothing.')

const admitted = z.union(
  [
    z.strictObject({
      user: z
        .string()
        .min(1)
        .describe('Immutable id of a person: the object id in Entra ID (`oid`), else the `sub` of the issuer.'),
      role,
      name: admittedName,
    }),
    z.strictObject({
      group: z.string().min(1).describe('A value of the claim `groups`: the object id of a group in Entra ID.'),
      role,
      name: admittedName,
    }),
  ],
  { error: 'is not an administrator: use { "user": "ID", "role": "auditor" } or { "group": "ID", "role": "auditor" }' },
)

const oidcAdmins = z.strictObject({
  id: z
    .string()
    .regex(
      /^[a-z][a-z0-9-]{0,31}$/,
      'is not a provider id: lower-case letters, digits and "-", a letter first, 32 at most',
    )
    .describe('Short name; administrators are recorded as `oidc:<id>/<immutable id>`.'),
  name: z.string().min(1).describe('Shown on the button: "Sign in with <name>".'),
  tenantId: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('Directory (tenant) id of Entra ID, in place of `issuer`: people of that tenant alone.'),
  authorityHost: httpsUrl
    .default('https://login.microsoftonline.com')
    .describe('Where people of `tenantId` sign in; differs in national clouds.'),
  issuer: httpsUrl
    .nullable()
    .default(null)
    .describe('Issuer of any other provider, as its discovery document has it. Identity tokens are signed with RS256.'),
  clientId: z.string().min(1).describe('Client there; its redirect URI is `<admin.publicUrl>/admin/callback`.'),
  clientSecret: secretSource.nullable().default(null).describe('Secret of that client; null for a public client.'),
  scopes: z
    .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, 'is not a scope'))
    .default([])
    .describe('Scopes asked for beside `openid` and `profile`, such as `groups` where the claim needs it.'),
  admins: z
    .array(admitted)
    .default([])
    .describe(
      'Who may sign in, and in which role. An entry for the person goes before entries for groups; of those the role that may do most counts. Everybody else is refused.',
    ),
})

export const configSchema = z.strictObject({
  $schema: z.string().optional().describe('Address of the JSON Schema, for editors.'),
  baseDn: z.string().default('dc=example,dc=com').describe('Suffix of the directory (RFC 4514).'),
  organization: z
    .string()
    .min(1)
    .default('Example')
    .describe(
      'Name of the organization: `o` of the suffix entry, issuer in authenticator apps, and part of no password.',
    ),
  dataDir: z
    .string()
    .min(1)
    .default('./data')
    .describe('Folder of the store, keys and certificates, mode 0700. Relative to the configuration file.'),
  masterKeyFile: z
    .string()
    .nullable()
    .default(null)
    .describe(
      'File of the key that encrypts secrets in the store: 32 octets in base64; a second one behind it is being replaced. `ROSTERD_MASTER_KEY` wins over it; null: a file made in `dataDir`.',
    ),
  caFile: z.string().nullable().default(null).describe('PEM file of further certificate authorities to trust.'),
  ldap: z
    .strictObject({
      host: host.default('127.0.0.1').describe('Address to listen on; `0.0.0.0` or `::` for all.'),
      port: port.default(3890).describe('Port of ldap://; 0 takes a free one.'),
      publicUrls: z
        .array(z.string())
        .default(['ldap://localhost:3890'])
        .describe('ldap:// and ldaps:// addresses that clients use; their names go into the certificate.'),
      front: z
        .enum(['wire', 'ldapjs'])
        .default('wire')
        .describe('`wire`: our own front; `ldapjs`: its routes, for comparison only.'),
      allowCleartextBind: z
        .enum(['never', 'loopback', 'always'])
        .default('loopback')
        .describe('Where a password may come over a connection without TLS.'),
      passwordModify: z.boolean().default(false).describe('Answer LDAP Password Modify (RFC 3062).'),
      bindByName: z
        .boolean()
        .default(true)
        .describe('Accept a username, mail address or UPN in place of a DN at bind, when exactly one person has it.'),
      throttleLoopback: z
        .boolean()
        .default(false)
        .describe(
          'Whether wrong passwords from this machine count too: for a proxy on it that does not tell the address of its clients.',
        ),
      proxyProtocol: z
        .array(z.string())
        .default([])
        .describe('Networks whose connections begin with a PROXY protocol header.'),
      tls: z
        .strictObject({
          port: port.nullable().default(6360).describe('Port of ldaps://; 0 takes a free one, null: none.'),
          certFile: z
            .string()
            .nullable()
            .default(null)
            .describe('PEM certificate with its chain; null: one of a private CA made in `dataDir`.'),
          keyFile: z.string().nullable().default(null).describe('PEM private key of `certFile`.'),
          minVersion: z.enum(['TLSv1.2', 'TLSv1.3']).default('TLSv1.2').describe('Oldest TLS version accepted.'),
          clientCaFile: z
            .string()
            .nullable()
            .default(null)
            .describe(
              'PEM certificates of authorities: TLS clients must present a certificate from one of them; null: none is asked for.',
            ),
        })
        .prefault({})
        .describe('ldaps:// and its certificate.'),
      limits: limits.prefault({}).describe('What one client, and all of them, may ask for.'),
    })
    .prefault({})
    .describe('The LDAP server.'),
  admin: z
    .strictObject({
      host: host.default('127.0.0.1').describe('Address to listen on.'),
      port: port.default(8080).describe('Port of http://, or of https:// with `tls`; 0 takes a free one.'),
      publicUrl: z
        .url({ protocol: /^https?$/, error: 'is not an http:// or https:// URL' })
        .default('http://localhost:8080')
        .describe('Address that people use; links are built from it.'),
      tls: z
        .strictObject({
          certFile: z.string().describe('PEM certificate with its chain.'),
          keyFile: z.string().describe('PEM private key.'),
        })
        .nullable()
        .default(null)
        .describe('Serve HTTPS, with TLS 1.2 or later; files that change are read again.'),
      trustProxy: z
        .array(z.string())
        .default([])
        .describe(
          'Addresses and networks of reverse proxies whose X-Forwarded-For and X-Forwarded-Proto are believed, such as `10.0.0.5` or `10.0.0.0/29`.',
        ),
      oidc: z
        .array(oidcAdmins)
        .default([])
        .describe(
          'Identity providers (OpenID Connect) where administrators can sign in beside those with a password here.',
        ),
    })
    .prefault({})
    .describe('The admin page, self-service and HTTP API.'),
  directory: z
    .strictObject({
      showInactive: z.boolean().default(false).describe('Serve people who are not active, without a usable login.'),
      usersMayRead: z
        .enum(['self', 'all'])
        .default('self')
        .describe(
          'What a person who binds may read: the own entry and groups, or everybody, without service accounts and without mobile and home numbers, addresses, employee numbers, sources and the like.',
        ),
      nestedGroups: z
        .enum(['flatten', 'direct'])
        .default('flatten')
        .describe('Members of groups within groups: listed in the outer group too, or not.'),
    })
    .prefault({})
    .describe('What is served, and to whom.'),
  naming: z
    .strictObject({
      usernameAttribute: usernameAttribute.default('userPrincipalName'),
      strip: strip.default('domain'),
      fallback: z
        .enum(['upnLocalPart', 'mailLocalPart', 'none'])
        .default('upnLocalPart')
        .describe('Used where `usernameAttribute` is empty; `none`: the person is skipped and reported.'),
      posixSafe: z
        .boolean()
        .default(true)
        .describe('Make usernames fit for hosts: `[a-z_][a-z0-9_.-]*`, 32 characters, `@` becomes `.`.'),
      onClash: z
        .enum(['suffix', 'hold'])
        .default('suffix')
        .describe('The later of two people with one name gets `-2`, or is held back and reported.'),
      reuseAfterDays: z.number().min(0).default(180).describe('Days before a freed username may go to somebody else.'),
      reserved: z.array(z.string()).default([]).describe('Added to the shipped list of reserved names.'),
    })
    .prefault({})
    .describe('How usernames and group names are made.'),
  posix: z
    .strictObject({
      idRange: idRange
        .default([1_879_048_192, 2_147_352_575])
        .describe('Numbers given to users and groups that bring none.'),
      acceptRange: idRange
        .default([1000, 2_147_352_575])
        .describe('Numbers accepted from a provider; 65533 to 65535 never are.'),
      homeDirectory: z.string().default('/home/{username}').describe('Template of homeDirectory.'),
      loginShell: z.string().default('/bin/bash').describe('loginShell of people whose provider record has none.'),
      primaryGroup: z
        .union(
          [
            z.string().min(1).describe('Name of one group that everybody shares.'),
            z.strictObject({
              kind: z.literal('private').describe('Everybody has a group of the own user name and number.'),
            }),
            z.strictObject({
              kind: z.literal('source').describe('A group of a provider, for the people of that provider.'),
              group: z.string().min(1).describe('Its immutable id or name. Other people share `directory-users`.'),
            }),
          ],
          {
            error:
              'is not a primary group: use a name, { "kind": "private" } or { "kind": "source", "group": "ID or name" }',
          },
        )
        .default('directory-users')
        .describe('Whose gidNumber people have: a shared group of this name, a private group each, or a source group.'),
    })
    .prefault({})
    .describe('POSIX attributes.'),
  providers: z
    .array(provider(secretSource))
    .default([])
    .describe('Where people and groups come from; the first one wins.'),
  binders: z.array(binderSchema).default([]).describe('Service accounts that hosts and appliances bind as.'),
  guard: z
    .strictObject({
      maxRemovedShare: z
        .number()
        .min(0)
        .max(1)
        .default(0.1)
        .describe('Share of people or groups of a provider that may vanish within 24 hours.'),
      maxRemovedCount: z.int().min(0).default(20).describe('Number that may vanish; the smaller of the two counts.'),
      minRemoved: z.int().min(0).default(5).describe('This many may always vanish.'),
    })
    .prefault({})
    .describe('Accidental-deletion protection: more removals than this wait for approval.'),
  passwords: z
    .strictObject({
      bcryptCost: z.int().min(8).max(15).default(10).describe('Cost of new password hashes; each step doubles it.'),
      recentBindMinutes: z
        .number()
        .min(0)
        .max(60)
        .default(10)
        .describe('Minutes in which the same password is not hashed again; 0: always hash.'),
      cachedPassThroughHours: z
        .number()
        .min(0)
        .max(168)
        .default(0)
        .describe('Hours a password checked by the cloud is kept as a hash; 0: never.'),
      upgradeImported: z
        .boolean()
        .default(true)
        .describe(
          'Replace passwords of LDIF files that are not bcrypt by bcrypt hashes in the store, once they were right at a bind.',
        ),
      minLength: z.int().min(8).max(72).default(12).describe('Shortest password that may be set.'),
      ntHash: z
        .boolean()
        .default(false)
        .describe('Keep NT hashes of directory passwords for PEAP-MSCHAPv2; off: those that are kept are forgotten.'),
    })
    .prefault({})
    .describe('Directory passwords.'),
  smtp: z
    .strictObject({
      url: z
        .string()
        .describe('Mail server: `smtp://mail.example.com` (port 587, STARTTLS) or `smtps://mail.example.com` (465).'),
      username: z.string().min(1).nullable().default(null).describe('Account at the mail server.'),
      password: secretSource.nullable().default(null).describe('Password of that account.'),
      requireTls: z
        .boolean()
        .nullable()
        .default(null)
        .describe('Refuse to send without TLS; null: yes, unless the mail server is on loopback.'),
      from: mailAddress.describe('Sender address.'),
      reportTo: z.array(mailAddress).default([]).describe('Addresses that get every report.'),
    })
    .nullable()
    .default(null)
    .describe('Outgoing mail; null: none is sent.'),
  notify: z
    .array(
      z.strictObject({
        url: z.string().describe('https:// address that events are posted to; http:// on loopback only.'),
        secret: secretSource.describe('Signs every event (HMAC-SHA256).'),
        events: z.array(z.enum(eventTypes)).optional().describe('Only these events. Default: all.'),
      }),
    )
    .default([])
    .describe('URLs that get the events which mail reports, as signed JSON.'),
  backup: z
    .strictObject({
      directory: z
        .string()
        .nullable()
        .default(null)
        .describe('Folder for backups that the server makes by itself, best on another disk. null: it makes none.'),
      everyHours: z.number().min(1).default(24).describe('Hours from one to the next.'),
      keep: z.int().min(1).default(14).describe('How many are kept; the oldest goes when a new one is on the disk.'),
    })
    .prefault({})
    .describe('Scheduled backups.'),
  retention: z
    .strictObject({
      changeLogDays: z
        .number()
        .positive()
        .default(400)
        .describe('Days the change log, and the record of what administrators did, is kept.'),
      runDays: z.number().positive().default(90).describe('Days sync runs are kept.'),
      bindLogDays: z
        .number()
        .min(1)
        .default(30)
        .describe('Days binds and other notable operations are kept for the page Logs; 200,000 of them at most.'),
    })
    .prefault({})
    .describe('How long history is kept.'),
  log: z
    .strictObject({
      level: z.enum(['debug', 'info', 'warn', 'error']).default('info').describe('Least important events logged.'),
      operations: z
        .enum(['notable', 'all'])
        .default('notable')
        .describe('LDAP operations in the access log: binds, failures and slow ones, or every one.'),
    })
    .prefault({})
    .describe('Logging.'),
})

/**
 * The configuration as written, with every default filled in, and the providers that are managed on the admin page; secrets are
 * still {@link SecretSource}s.
 */
export type Config = Omit<z.output<typeof configSchema>, 'providers'> & {
  readonly providers: readonly ProviderConfig[]
}
export type SecretSource = z.output<typeof secretSource> | z.output<typeof sealedSecret>
export type SmtpConfig = NonNullable<Config['smtp']>
export type OidcAdminsConfig = Config['admin']['oidc'][number]
export type NotifyConfig = Config['notify'][number]
export type ProviderConfig = z.output<typeof managedProviderSchema>
export type EntraProviderConfig = Extract<ProviderConfig, { type: 'entra' | 'office365' }>
export type OktaProviderConfig = Extract<ProviderConfig, { type: 'okta' }>
export type LdifProviderConfig = Extract<ProviderConfig, { type: 'ldif' }>
export type CloudProviderConfig = EntraProviderConfig | OktaProviderConfig
