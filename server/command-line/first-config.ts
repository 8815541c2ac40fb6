import { dirname, join, relative } from 'node:path'

/** What `rosterd init` was told. */
export interface InitAnswers {
  readonly baseDn: string
  readonly organization: string
  readonly dataDir: string
  readonly ldapPort: number
  readonly ldapsPort: number
  readonly adminPort: number
  /** Name under which other machines reach this one; null: it is a trial on loopback. */
  readonly publicHost: string | null
  /** null: a private authority is made. */
  readonly certificate: { readonly certFile: string; readonly keyFile: string } | null
  readonly provider: InitProvider | null
  readonly binder: string | null
}

export type InitProvider =
  | {
      readonly type: 'entra' | 'office365'
      readonly id: string
      readonly name: string
      readonly tenantId: string
      readonly clientId: string
      /** null: accounts are authorized with a link. */
      readonly secret: InitSecret | null
    }
  | {
      readonly type: 'okta'
      readonly id: string
      readonly name: string
      readonly orgUrl: string
      readonly secret: InitSecret
    }
  | { readonly type: 'ldif'; readonly id: string; readonly name: string; readonly path: string }

/** Where a secret is, or the secret itself, which goes into a file of its own. */
export type InitSecret = { readonly env: string } | { readonly file: string } | { readonly value: string }

export interface FirstConfig {
  /** As it is written. */
  readonly config: object
  /** By path relative to the configuration file. */
  readonly secretFiles: ReadonlyMap<string, string>
}

/** The configuration of the answers: what is not as by default, and no secret. `newPassword` makes one for the binder. */
export function firstConfig(
  answers: InitAnswers,
  { schema, newPassword }: { readonly schema: string | undefined; readonly newPassword: () => string },
): FirstConfig {
  const { baseDn, organization, dataDir, provider, binder } = answers
  const secretFiles = new Map<string, string>()
  const kept = (name: string, secret: InitSecret) => {
    if (!('value' in secret)) return secret
    const file = `secrets/${name}`
    secretFiles.set(file, secret.value)
    return { file }
  }
  const config = {
    ...(schema === undefined ? {} : { $schema: schema }),
    baseDn,
    organization,
    dataDir,
    ldap: ldapSettings(answers),
    admin: adminSettings(answers),
    providers: provider === null ? [] : [providerSettings(provider, kept)],
    binders: binder === null ? [] : [{ name: binder, password: kept(`binder-${binder}`, { value: newPassword() }) }],
  }
  return { config, secretFiles }
}

function ldapSettings({ publicHost, ldapPort, ldapsPort, certificate }: InitAnswers): object {
  const name = publicHost ?? 'localhost'
  return {
    host: publicHost === null ? '127.0.0.1' : '0.0.0.0',
    port: ldapPort,
    publicUrls: [`ldap://${name}:${ldapPort}`, `ldaps://${name}:${ldapsPort}`],
    tls: { port: ldapsPort, ...certificate },
  }
}

/** Without a certificate of its own the admin page stays on this machine. */
function adminSettings({ publicHost, adminPort, certificate }: InitAnswers): object {
  return publicHost === null || certificate === null
    ? { host: '127.0.0.1', port: adminPort, publicUrl: `http://localhost:${adminPort}` }
    : { host: '0.0.0.0', port: adminPort, publicUrl: `https://${publicHost}:${adminPort}`, tls: certificate }
}

function providerSettings(provider: InitProvider, kept: (name: string, secret: InitSecret) => object): object {
  switch (provider.type) {
    case 'entra':
    case 'office365': {
      const { secret, ...settings } = provider
      const credential =
        secret === null
          ? { kind: 'delegated' }
          : { kind: 'application', clientSecret: kept(`${provider.id}-client-secret`, secret) }
      return { ...settings, credentials: [credential] }
    }
    case 'okta': {
      const { secret, ...settings } = provider
      return { ...settings, apiToken: kept(`${provider.id}-api-token`, secret) }
    }
    case 'ldif':
      return provider
    default:
      return provider satisfies never
  }
}

/** What to do with a configuration that was just written. */
export function nextSteps(answers: InitAnswers, configFile: string): readonly string[] {
  const { provider, binder, baseDn, publicHost, ldapPort, certificate } = answers
  const passwordFile = relative('.', join(dirname(configFile), `secrets/binder-${binder}`))
  const rosterd = relative('.', configFile) === 'ldap.config.json' ? 'rosterd' : `rosterd --config ${configFile}`
  return [
    `${rosterd} serve`,
    '  starts it; the first start prints a link to set up the admin page, which is also in setup-link in dataDir',
    ...(provider === null ? ['  connect a provider there: Providers, Add'] : []),
    ...(provider !== null && 'secret' in provider && provider.secret === null
      ? [
          `${rosterd} provider authorize ${provider.id}`,
          '  prints a link with which an administrator authorizes an account',
        ]
      : []),
    ...(binder === null
      ? []
      : [
          `ldapsearch -x -H ldap://localhost:${ldapPort} -D cn=${binder},ou=services,${baseDn} -y ${passwordFile} -b ${baseDn} '(uid=*)'`,
          '  asks it on this machine',
        ]),
    ...(publicHost !== null && certificate === null
      ? [
          'Other machines have to trust its certificate: /ca.pem of the admin page has the authority.',
          'The admin page answers on this machine alone; give it a certificate (--cert, --key) or put a proxy before it.',
        ]
      : []),
  ]
}
