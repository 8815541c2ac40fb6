import { DnSyntaxError, parseDn } from '../protocol/distinguished-name.ts'
import type { InitAnswers, InitProvider, InitSecret } from './first-config.ts'
import type { Questions } from './questions.ts'

export const providerTypes = ['entra', 'office365', 'okta', 'ldif', 'none'] as const

/** As they came from the command line; undefined: it was not said. */
export interface InitOptions {
  readonly baseDn?: string
  readonly organization?: string
  readonly dataDir?: string
  readonly listen?: 'trial' | 'network'
  readonly publicHost?: string
  readonly cert?: string
  readonly key?: string
  readonly ldapPort: number
  readonly ldapsPort: number
  readonly adminPort: number
  readonly provider?: (typeof providerTypes)[number]
  readonly providerId?: string
  readonly providerName?: string
  readonly tenantId?: string
  readonly clientId?: string
  readonly delegated?: boolean
  readonly orgUrl?: string
  readonly secretEnv?: string
  readonly secretFile?: string
  readonly ldif?: string
  readonly binder?: string
}

/**
 * What was said, and what is asked where nothing was. Without questions it is the default; throws an Error that names the option
 * where there is none.
 */
export async function answersOf(options: InitOptions, questions: Questions | undefined): Promise<InitAnswers> {
  const { ldapPort, ldapsPort, adminPort } = options
  const said = (
    value: string | undefined,
    question: string,
    byDefault: string,
    problemOf?: (text: string) => string | undefined,
  ) => value ?? questions?.ask(question, byDefault, problemOf) ?? byDefault
  const needed = (value: string | undefined, question: string, option: string) => {
    const answer = value ?? questions?.ask(`${question.slice(0, 1).toUpperCase()}${question.slice(1)}`, '')
    if (answer === undefined) throw new Error(`name it with ${option}: ${question}`)
    return answer
  }

  const baseDn = await said(options.baseDn, 'Base DN', 'dc=example,dc=com', dnProblem)
  const organization = await said(options.organization, 'Organization', 'Example')
  const dataDir = await said(options.dataDir, 'Folder of the store', './data')
  const listen =
    options.listen ??
    (options.publicHost === undefined
      ? ((await questions?.choose('For this machine alone, or others too', ['trial', 'network'], 'trial')) ?? 'trial')
      : 'network')
  const publicHost =
    listen === 'trial'
      ? null
      : await needed(options.publicHost, 'name under which other machines reach this one', '--public-host')
  const certificate = publicHost === null ? null : certificateOf(options)
  const type =
    options.provider ??
    (await questions?.choose('Where people come from (none: add it on the page)', providerTypes, 'none')) ??
    'none'
  const provider = type === 'none' ? null : await providerOf(type)
  const binder =
    options.binder ?? (await questions?.ask('Name of a first service account, or "none"', 'reader')) ?? 'none'
  return {
    baseDn,
    organization,
    dataDir,
    ldapPort,
    ldapsPort,
    adminPort,
    publicHost,
    certificate,
    provider,
    binder: binder === 'none' ? null : binder,
  }

  async function providerOf(type: Exclude<(typeof providerTypes)[number], 'none'>): Promise<InitProvider> {
    const id = await said(options.providerId, 'Short name of the provider, never to be changed', type)
    const name = await said(options.providerName, 'Its name for people', id)
    switch (type) {
      case 'entra':
      case 'office365': {
        const tenantId = await needed(options.tenantId, 'directory (tenant) id', '--tenant-id')
        const clientId = await needed(options.clientId, 'application (client) id', '--client-id')
        const secret = options.delegated ? null : await secretOf('Client secret')
        return { type, id, name, tenantId, clientId, secret }
      }
      case 'okta': {
        const orgUrl = await needed(options.orgUrl, 'address of the org, such as https://acme.okta.com', '--org-url')
        return { type, id, name, orgUrl, secret: await secretOf('API token') }
      }
      case 'ldif':
        return { type, id, name, path: await needed(options.ldif, 'LDIF file', '--ldif') }
      default:
        return type satisfies never
    }
  }

  async function secretOf(what: string): Promise<InitSecret> {
    const { secretEnv, secretFile } = options
    if (secretEnv !== undefined) return { env: secretEnv }
    if (secretFile !== undefined) return { file: secretFile }
    const value = await questions?.askSecret(what)
    if (value === undefined || value === '')
      throw new Error(`${what}: name where it is with --secret-env or --secret-file; it is not taken as an option`)
    return { value }
  }
}

function certificateOf({ cert, key }: InitOptions): InitAnswers['certificate'] {
  if (cert === undefined && key === undefined) return null
  if (cert === undefined || key === undefined) throw new Error('--cert and --key go together: name both files, or none')
  return { certFile: cert, keyFile: key }
}

function dnProblem(text: string): string | undefined {
  try {
    parseDn(text)
    return undefined
  } catch (error) {
    if (error instanceof DnSyntaxError) return error.message
    throw error
  }
}
