import { resolve } from 'node:path'
import type { Config, ProviderConfig, SecretSource } from './config-schema.ts'

/** The configuration with every file path absolute; relative ones are resolved against `baseDir`. */
export function withAbsolutePaths(config: Config, baseDir: string): Config {
  const path = (file: string) => resolve(baseDir, file)
  const optional = (file: string | null) => (file === null ? null : path(file))
  const secret = <Source extends SecretSource>(source: Source): Source =>
    typeof source === 'object' && 'file' in source ? { ...source, file: path(source.file) } : source
  const optionalSecret = <Source extends SecretSource>(source: Source | null) =>
    source === null ? null : secret(source)

  const provider = (original: ProviderConfig): ProviderConfig => {
    switch (original.type) {
      case 'ldif':
        return { ...original, path: path(original.path) }
      case 'okta': {
        const { apiToken, eventHook, oauth, signIn } = original
        return {
          ...original,
          apiToken: optionalSecret(apiToken),
          eventHook: eventHook && { secret: secret(eventHook.secret) },
          oauth: oauth && { ...oauth, privateKeyFile: path(oauth.privateKeyFile) },
          signIn: { ...signIn, clientSecret: optionalSecret(signIn.clientSecret) },
        }
      }
      case 'entra':
      case 'office365': {
        const { credentials, signIn } = original
        return {
          ...original,
          credentials: credentials.map((credential) => {
            if ('clientSecret' in credential) return { ...credential, clientSecret: secret(credential.clientSecret) }
            if (!('certificateFile' in credential)) return credential
            const { certificateFile, privateKeyFile } = credential
            return { ...credential, certificateFile: path(certificateFile), privateKeyFile: path(privateKeyFile) }
          }),
          signIn: { ...signIn, clientSecret: optionalSecret(signIn.clientSecret) },
        }
      }
      default:
        return original satisfies never
    }
  }

  const { ldap, admin } = config
  return {
    ...config,
    dataDir: path(config.dataDir),
    masterKeyFile: optional(config.masterKeyFile),
    caFile: optional(config.caFile),
    ldap: {
      ...ldap,
      tls: {
        ...ldap.tls,
        certFile: optional(ldap.tls.certFile),
        keyFile: optional(ldap.tls.keyFile),
        clientCaFile: optional(ldap.tls.clientCaFile),
      },
    },
    admin: {
      ...admin,
      tls: admin.tls && { certFile: path(admin.tls.certFile), keyFile: path(admin.tls.keyFile) },
      oidc: admin.oidc.map((one) => ({ ...one, clientSecret: optionalSecret(one.clientSecret) })),
    },
    providers: config.providers.map(provider),
    backup: { ...config.backup, directory: optional(config.backup.directory) },
    binders: config.binders.map((binder) => ({ ...binder, password: secret(binder.password) })),
    smtp: config.smtp && { ...config.smtp, password: optionalSecret(config.smtp.password) },
    notify: config.notify.map((target) => ({ ...target, secret: secret(target.secret) })),
  }
}

/** Every secret the configuration names, with its path. */
export function secretsOf(config: Config): { readonly path: string; readonly source: SecretSource }[] {
  const found = config.binders.map(({ password }, index) => ({
    path: `binders[${index}].password`,
    source: password as SecretSource | null,
  }))
  if (config.smtp) found.push({ path: 'smtp.password', source: config.smtp.password })
  for (const [index, { clientSecret }] of config.admin.oidc.entries())
    found.push({ path: `admin.oidc[${index}].clientSecret`, source: clientSecret })
  for (const [index, { secret }] of config.notify.entries())
    found.push({ path: `notify[${index}].secret`, source: secret })
  for (const [index, provider] of config.providers.entries()) {
    if (provider.type === 'ldif') continue
    found.push({ path: `providers[${index}].signIn.clientSecret`, source: provider.signIn.clientSecret })
    if (provider.type === 'okta') {
      found.push({ path: `providers[${index}].apiToken`, source: provider.apiToken })
      found.push({ path: `providers[${index}].eventHook.secret`, source: provider.eventHook?.secret ?? null })
      continue
    }
    for (const [number, credential] of provider.credentials.entries()) {
      if (!('clientSecret' in credential)) continue
      found.push({ path: `providers[${index}].credentials[${number}].clientSecret`, source: credential.clientSecret })
    }
  }
  return found.flatMap(({ path, source }) => (source === null ? [] : [{ path, source }]))
}

/** Files whose contents count as settings, each with the setting that names it: secrets, and keys of providers. */
export function settingFiles(config: Config): { readonly path: string; readonly file: string }[] {
  const found = secretsOf(config).flatMap(({ path, source }) =>
    typeof source === 'object' && 'file' in source ? [{ path, file: source.file }] : [],
  )
  for (const [index, provider] of config.providers.entries()) {
    const named = (path: string, file: string) => found.push({ path: `providers[${index}].${path}`, file })
    if (provider.type === 'okta' && provider.oauth) named('oauth.privateKeyFile', provider.oauth.privateKeyFile)
    if (provider.type === 'okta' || provider.type === 'ldif') continue
    for (const [number, credential] of provider.credentials.entries()) {
      if (!('certificateFile' in credential)) continue
      named(`credentials[${number}].certificateFile`, credential.certificateFile)
      named(`credentials[${number}].privateKeyFile`, credential.privateKeyFile)
    }
  }
  return found
}
