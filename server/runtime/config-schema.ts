import { z } from 'zod'

/**
 * The one description of `ldap.config.json`: types, defaults, editor help and `docs/configuration.md` come from here.
 * Objects are strict: an unknown key is an error with its path.
 */

const port = z.int().min(0).max(65_535)
const host = z.string().min(1)
const httpsUrl = z.url({ protocol: /^https$/ })

/** A secret: the name of an environment variable, a file, or (loopback trials only) the value itself. */
export const secretSource = z.union([
  z.strictObject({ env: z.string().min(1).describe('Name of the environment variable that holds the secret.') }),
  z.strictObject({ file: z.string().min(1).describe('File that holds the secret; one trailing newline is ignored.') }),
  z.string().min(1).describe('The secret itself. Accepted only when every listener is on loopback.'),
])

const usernameAttribute = z
  .string()
  .min(1)
  .describe('`sAMAccountName`, `userPrincipalName`, `mail`, `login`, or a field of the provider record.')
const strip = z
  .enum(['domain', 'none'])
  .describe('`domain`: only the part before `@`; `none`: the whole value, `@` becomes `.`.')

const idRange = z.tuple([z.int().min(1).max(4_294_967_294), z.int().min(1).max(4_294_967_294)])

export const filters = z.strictObject({
  groupPrefixes: z.array(z.string()).default([]).describe('Only groups whose name begins with one of these; any case.'),
  selectedGroups: z.array(z.string()).default([]).describe('Only these groups, by immutable id or name.'),
  groupsWithoutEmail: z.boolean().default(false).describe('Serve groups that have no e-mail address.'),
  allowUsersInGroups: z.array(z.string()).default([]).describe('Only members of these groups are active.'),
  denyUsersInGroups: z.array(z.string()).default([]).describe('Members of these groups are not active.'),
  nonAllowedStatus: z.enum(['disabled', 'inactive']).optional().describe('Status of people in a denied group.'),
  domainRestriction: z.boolean().default(false).describe('Serve only people whose address is in `domains`.'),
  domains: z.array(z.string()).default([]).describe('Accepted domains; `*.example.com` means its subdomains.'),
  subdomains: z.boolean().default(false).describe('Accept the subdomains of `domains` too.'),
  signInBlocked: z.enum(['inactive', 'ignore']).default('inactive').describe('What a blocked sign-in means.'),
  guests: z.boolean().default(false).describe('Serve guest users.'),
})

const providerCommon = {
  id: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'lower-case letters, digits and "-", beginning with a letter'),
  name: z.string().min(1).describe('Descriptive name shown to people.'),
  users: z.boolean().default(true).describe('Serve the users of this provider.'),
  groups: z.boolean().default(true).describe('Serve the groups of this provider.'),
}

const cloudCommon = {
  ...providerCommon,
  usernameAttribute: usernameAttribute.optional(),
  strip: strip.optional(),
  uniqueField: z.enum(['email', 'username']).default('email'),
  enrollment: z.enum(['only-sync', 'trust-email', 'send-enrollment-email']).default('only-sync'),
  filters: filters.prefault({}),
  linkDomains: z.array(z.string()).nullable().default(null),
  attributes: z.record(z.string(), z.string()).default({}),
  passThroughBind: z.boolean().default(false),
  signIn: z
    .strictObject({
      clientId: z.string().nullable().default(null),
      clientSecret: secretSource.nullable().default(null),
    })
    .prefault({}),
  schedule: z
    .strictObject({
      incrementalMinutes: z.number().min(1).default(10).describe('Minutes between runs, with jitter.'),
      fullHours: z.number().min(1).default(24).describe('Hours between full runs.'),
    })
    .prefault({}),
  reportTo: z.array(z.string()).default([]),
  staleAfterHours: z.number().positive().default(24),
  requestTimeoutSeconds: z.number().positive().default(30).describe('Time-out of one call to the cloud.'),
}

const entraCredential = z.union([
  z.strictObject({ kind: z.literal('application'), clientSecret: secretSource }),
  z.strictObject({ kind: z.literal('application'), certificateFile: z.string(), privateKeyFile: z.string() }),
  z.strictObject({ kind: z.literal('delegated') }),
])

const entra = <T extends 'entra' | 'office365'>(type: T) =>
  z.strictObject({
    type: z.literal(type),
    ...cloudCommon,
    tenantId: z.string().min(1),
    clientId: z.string().min(1),
    credentials: z.array(entraCredential).min(1),
    authorityHost: httpsUrl.default('https://login.microsoftonline.com'),
    graphUrl: httpsUrl.default('https://graph.microsoft.com/v1.0'),
    scope: z.string().default('https://graph.microsoft.com/.default'),
    passThroughClientId: z.string().nullable().default(null),
  })

const okta = z.strictObject({
  type: z.literal('okta'),
  ...cloudCommon,
  orgUrl: httpsUrl,
  apiToken: secretSource.nullable().default(null),
  oauth: z
    .strictObject({
      clientId: z.string(),
      privateKeyFile: z.string(),
      keyId: z.string().optional(),
      scopes: z.array(z.string()).default(['okta.users.read', 'okta.groups.read']),
    })
    .nullable()
    .default(null),
})

const ldif = z.strictObject({
  type: z.literal('ldif'),
  ...providerCommon,
  path: z.string().min(1).describe('LDIF file (RFC 2849), relative to the configuration file.'),
  flattenGroups: z.boolean().default(false),
})

export const provider = z.discriminatedUnion('type', [entra('entra'), entra('office365'), okta, ldif])

const binder = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'letters, digits, ".", "_" and "-"'),
  password: secretSource,
  scope: z
    .union([z.literal('tree'), z.strictObject({ subtrees: z.array(z.string()), filter: z.string().optional() })])
    .default('tree'),
  attributes: z.union([z.literal('*'), z.array(z.string())]).default('*'),
  networks: z.array(z.string()).default([]),
  requireTls: z.boolean().default(false),
  grants: z.array(z.enum(['ntHash', 'mayNotSearch'])).default([]),
})

const limits = z.strictObject({
  messageBytes: z.int().min(1024).default(1_048_576).describe('Largest request after a bind.'),
  messageBytesBeforeBind: z.int().min(1024).default(65_536).describe('Largest request before a bind.'),
  depth: z.int().min(8).default(64).describe('Deepest nesting of a request.'),
  filterTerms: z.int().min(1).default(10_000),
  connections: z.int().min(1).default(10_000),
  connectionsPerAddress: z.int().min(1).default(512).describe('Loopback is not limited.'),
  requestsInFlight: z.int().min(1).default(256).describe('Over this the server stops reading from the connection.'),
  idleSeconds: z.number().positive().default(1800).describe('A bound connection without requests is closed.'),
  handshakeSeconds: z.number().positive().default(30).describe('Half a message or a TLS handshake may take this long.'),
})

export const configSchema = z.strictObject({
  $schema: z.string().optional(),
  baseDn: z.string().default('dc=example,dc=com').describe('Suffix of the directory (RFC 4514).'),
  organization: z.string().min(1).default('Example'),
  dataDir: z.string().min(1).default('./data').describe('Relative to the configuration file.'),
  masterKeyFile: z.string().nullable().default(null),
  caFile: z.string().nullable().default(null).describe('PEM file of further certificate authorities to trust.'),
  ldap: z
    .strictObject({
      host: host.default('127.0.0.1'),
      port: port.default(3890),
      publicUrls: z.array(z.string()).default(['ldap://localhost:3890']),
      front: z.enum(['wire', 'ldapjs']).default('wire'),
      allowCleartextBind: z.enum(['never', 'loopback', 'always']).default('loopback'),
      passwordModify: z.boolean().default(false),
      bindByName: z.boolean().default(true),
      proxyProtocol: z.array(z.string()).default([]),
      tls: z
        .strictObject({
          port: port.nullable().default(6360),
          certFile: z.string().nullable().default(null),
          keyFile: z.string().nullable().default(null),
          minVersion: z.enum(['TLSv1.2', 'TLSv1.3']).default('TLSv1.2'),
          clientCaFile: z.string().nullable().default(null),
        })
        .prefault({}),
      limits: limits.prefault({}),
    })
    .prefault({}),
  admin: z
    .strictObject({
      host: host.default('127.0.0.1'),
      port: port.default(8080),
      publicUrl: z.url().default('http://localhost:8080'),
      tls: z.strictObject({ certFile: z.string(), keyFile: z.string() }).nullable().default(null),
      trustProxy: z.array(z.string()).default([]),
      oidc: z.array(z.unknown()).default([]),
    })
    .prefault({}),
  directory: z
    .strictObject({
      showInactive: z.boolean().default(false),
      usersMayRead: z.enum(['self', 'all']).default('self'),
      nestedGroups: z.enum(['flatten', 'direct']).default('flatten'),
    })
    .prefault({}),
  naming: z
    .strictObject({
      usernameAttribute: usernameAttribute.default('userPrincipalName'),
      strip: strip.default('domain'),
      fallback: z.enum(['upnLocalPart', 'mailLocalPart', 'none']).default('upnLocalPart'),
      posixSafe: z.boolean().default(true),
      onClash: z.enum(['suffix', 'hold']).default('suffix'),
      reuseAfterDays: z.number().min(0).default(180),
      reserved: z.array(z.string()).default([]).describe('Added to the shipped list of reserved names.'),
    })
    .prefault({}),
  posix: z
    .strictObject({
      idRange: idRange.default([1_879_048_192, 2_147_352_575]),
      acceptRange: idRange.default([1000, 2_147_352_575]),
      homeDirectory: z.string().default('/home/{username}'),
      loginShell: z.string().default('/bin/bash'),
      primaryGroup: z.string().default('directory-users').describe('Name of the shared primary group.'),
    })
    .prefault({}),
  providers: z.array(provider).default([]),
  binders: z.array(binder).default([]),
  guard: z
    .strictObject({
      maxRemovedShare: z.number().min(0).max(1).default(0.1),
      maxRemovedCount: z.int().min(0).default(20),
      minRemoved: z.int().min(0).default(5),
    })
    .prefault({}),
  passwords: z
    .strictObject({
      bcryptCost: z.int().min(8).max(15).default(10),
      recentBindMinutes: z.number().min(0).max(60).default(10),
      cachedPassThroughHours: z.number().min(0).max(168).default(0),
      upgradeImported: z.boolean().default(true),
      minLength: z.int().min(8).max(72).default(12),
      ntHash: z.boolean().default(false),
    })
    .prefault({}),
  smtp: z
    .strictObject({ url: z.string(), from: z.string(), reportTo: z.array(z.string()).default([]) })
    .nullable()
    .default(null),
  notify: z.array(z.unknown()).default([]),
  retention: z
    .strictObject({
      changeLogDays: z.number().positive().default(400),
      runDays: z.number().positive().default(90),
      bindLogDays: z.number().positive().default(30),
    })
    .prefault({}),
  log: z
    .strictObject({
      level: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
      operations: z.enum(['notable', 'all']).default('notable'),
    })
    .prefault({}),
})

/** The configuration as written, with every default filled in; secrets are still {@link SecretSource}s. */
export type Config = z.output<typeof configSchema>
export type SecretSource = z.output<typeof secretSource>
export type ProviderConfig = Config['providers'][number]
export type EntraProviderConfig = Extract<ProviderConfig, { type: 'entra' | 'office365' }>
export type OktaProviderConfig = Extract<ProviderConfig, { type: 'okta' }>
export type LdifProviderConfig = Extract<ProviderConfig, { type: 'ldif' }>
export type CloudProviderConfig = EntraProviderConfig | OktaProviderConfig
export type FilterConfig = z.output<typeof filters>
export type BinderConfig = Config['binders'][number]
