import { describe, expect, test } from 'vitest'
import { withAbsolutePaths } from '../../../server/runtime/config-paths.ts'
import { type Config, configSchema } from '../../../server/runtime/config-schema.ts'
import { shownConfiguration, shownSettings } from '../../../server/runtime/shown-config.ts'

const baseDir = '/etc/rosterd'

function configOf(written: object): Config {
  return withAbsolutePaths(configSchema.parse(written), baseDir)
}

const written = {
  organization: 'Lighthouse',
  ldap: { port: 389 },
  smtp: { url: 'smtp://ada:hunter2@127.0.0.1:2525', from: 'rosterd@example.com' },
  notify: [{ url: 'https://hooks.example.com/T0/secret-path', secret: 'signing-secret' }],
  providers: [
    {
      id: 'contoso',
      type: 'entra',
      name: 'Contoso',
      tenantId: 't',
      clientId: 'c',
      credentials: [
        { kind: 'application', clientSecret: { env: 'CONTOSO_SECRET' } },
        { kind: 'application', clientSecret: 'literal-secret' },
      ],
    },
    { id: 'acme', type: 'okta', name: 'Acme', orgUrl: 'https://acme.okta.com', apiToken: { file: 'acme-token' } },
  ],
  binders: [{ name: 'svc-reader', password: 'binder-secret' }],
}

const secrets = ['hunter2', 'secret-path', 'signing-secret', 'literal-secret', 'binder-secret']

describe('settings as people see them', () => {
  const settings = shownSettings(configOf(written), baseDir)
  const shown = (path: string) => settings.find((setting) => setting.path === path)

  test('every value has its default and what the schema says of it', () => {
    expect(shown('ldap.port')).toEqual({
      path: 'ldap.port',
      value: '389',
      default: '3890',
      isDefault: false,
      description: 'Port of ldap://; 0 takes a free one.',
    })
    expect(shown('ldap.host')).toMatchObject({ value: '"127.0.0.1"', isDefault: true })
    expect(shown('providers[0].schedule.fullHours')).toMatchObject({ value: '24', default: '24', isDefault: true })
    expect(shown('binders[0].name')).toMatchObject({ value: '"svc-reader"', default: null, isDefault: false })
  })

  test('a path that is made absolute is still the default', () => {
    expect(shown('dataDir')).toMatchObject({ value: '"/etc/rosterd/data"', isDefault: true })
  })

  test('of a secret nothing is shown but where it comes from', () => {
    expect(shown('providers[0].credentials[0].clientSecret')?.value).toBe('set, from the variable CONTOSO_SECRET')
    expect(shown('providers[0].credentials[1].clientSecret')?.value).toBe('set, in the file itself')
    expect(shown('providers[1].apiToken')?.value).toBe('set, from the file /etc/rosterd/acme-token')
    expect(shown('smtp.password')?.value).toBe('null')
    const text = JSON.stringify(settings)
    for (const secret of secrets) expect(text).not.toContain(secret)
  })

  test('of an address that may be a secret the host is shown', () => {
    expect(shown('smtp.url')?.value).toBe('"smtp://127.0.0.1:2525"')
    expect(shown('notify[0].url')?.value).toBe('"https://hooks.example.com/…"')
  })
})

describe('the configuration as a file', () => {
  const text = shownConfiguration(configOf(written), baseDir)

  test('has what is not as by default, and is one that loads', () => {
    const read = JSON.parse(text) as { readonly ldap: object; readonly providers: readonly object[] }
    expect(read.ldap).toEqual({ port: 389 })
    expect(read.providers[1]).toEqual({
      id: 'acme',
      type: 'okta',
      name: 'Acme',
      orgUrl: 'https://acme.okta.com',
      apiToken: { file: '/etc/rosterd/acme-token' },
    })
    expect(configSchema.safeParse(read).success).toBe(true)
    expect(shownConfiguration(configOf({}), baseDir)).toBe('{}')
  })

  test('names a variable for each secret that stands in the file, or is kept in the store', () => {
    for (const secret of secrets) expect(text).not.toContain(secret)
    expect(text).toContain('"env": "CONTOSO_CREDENTIALS_1_CLIENT_SECRET"')
    expect(text).toContain('"env": "SVC_READER_PASSWORD"')
    expect(text).toContain('"env": "NOTIFY_0_SECRET"')
    const config = configOf(written)
    const sealed = { ...config, binders: [], smtp: null, notify: [], providers: config.providers.slice(1) }
    const [okta] = sealed.providers
    const kept = { ...sealed, providers: [{ ...okta, apiToken: { sealed: 'x' } }] } as Config
    expect(shownConfiguration(kept, baseDir)).toContain('"env": "ACME_API_TOKEN"')
    expect(shownSettings(kept, baseDir).find(({ path }) => path === 'providers[0].apiToken')?.value).toBe(
      'set, kept here',
    )
  })
})
