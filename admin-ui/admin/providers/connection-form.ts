import type { ProviderConfig } from '../../../server/runtime/config-schema.ts'
import {
  choiceField,
  fieldGroup,
  type FieldGroup,
  type FormField,
  linesField,
  linesOf,
  textField,
  tickField,
} from '../../form-field.ts'

/*
 * The connection of a provider as a form: fields of its settings, and the draft that a form makes of them. Drafts are checked
 * where they are used, so they hold what was typed, right or wrong.
 */

export const providerTypes = ['entra', 'office365', 'okta'] as const
export type ManagedType = (typeof providerTypes)[number]

/** Settings in the form of the configuration file, of which a form changes some. */
export type Draft = Readonly<Record<string, unknown>>

/** What a form sent, a field empty where it is missing. */
export type Typed = (name: string) => string

/** What is wrong with a field, by its name; empty: nothing. */
export type Problems = (name: string) => string

/** Addresses of Microsoft's clouds. */
const clouds = [
  ['global', 'Worldwide', 'https://login.microsoftonline.com', 'https://graph.microsoft.com'],
  ['usGov', 'US Government (GCC High)', 'https://login.microsoftonline.us', 'https://graph.microsoft.us'],
  ['usDod', 'US Government (DoD)', 'https://login.microsoftonline.us', 'https://dod-graph.microsoft.us'],
  ['china', 'China (21Vianet)', 'https://login.partner.microsoftonline.cn', 'https://microsoftgraph.chinacloudapi.cn'],
] as const

export function isManagedType(text: string): text is ManagedType {
  return (providerTypes as readonly string[]).includes(text)
}

/** A new provider before anything was typed. */
export function emptyDraft(type: ManagedType): Draft {
  return type === 'okta' ? { type } : { type, credentials: [] }
}

/** The present settings, as a draft. */
export function draftOf(settings: ProviderConfig): Draft {
  return structuredClone(settings)
}

export function connectionFields(draft: Draft, isNew: boolean, problems: Problems): readonly FieldGroup[] {
  const text = textOf(draft)
  const isOkta = draft['type'] === 'okta'
  const problem = (name: string) => ({ problem: problems(name) })
  const names = [
    textField('name', 'Descriptive name', text('name'), {
      isRequired: true,
      help: 'Shown to people, such as the name of the company.',
      ...problem('name'),
    }),
    ...(isNew
      ? [
          textField('id', 'Short name', text('id'), {
            isRequired: true,
            help: 'Used in commands and logs, for good: lower-case letters, digits and "-".',
            ...problem('id'),
          }),
        ]
      : []),
  ]
  return [
    fieldGroup('Name', names),
    fieldGroup('Connection', isOkta ? oktaFields(draft, problems) : entraFields(draft, problems)),
    ...(isOkta ? [] : [fieldGroup('Another cloud', cloudFields(draft, problems), true)]),
    fieldGroup('What is synced', [
      yesOrNo('users', 'User sync', draft['users'] !== false, problems),
      yesOrNo('groups', 'Group sync', draft['groups'] !== false, problems),
      choiceField('usernameAttribute', 'User names come from', text('usernameAttribute'), usernameChoices(draft), {
        help: 'Synchronize user names with what people sign in with elsewhere.',
        ...problem('usernameAttribute'),
      }),
      choiceField('strip', 'Of an address', text('strip'), [
        ['', 'as for all providers'],
        ['domain', 'the part before @'],
        ['none', 'the whole address'],
      ]),
      choiceField(
        'uniqueField',
        'Unique field',
        text('uniqueField') || 'email',
        [
          ['email', 'Email'],
          ['username', 'Username'],
        ],
        { help: 'By what people are recognized as those of providers before this one.' },
      ),
      choiceField(
        'enrollment',
        'Enrollment type',
        text('enrollment') || 'only-sync',
        [
          ['only-sync', 'Only Sync: no mail, nothing to confirm'],
          ['trust-email', 'Trust Email: addresses count as verified'],
          ['send-enrollment-email', 'Send Enrollment Email: active once its link was used'],
        ],
        { help: 'What happens when somebody is synced for the first time.', ...problem('enrollment') },
      ),
    ]),
    fieldGroup(
      'When, and who hears of it',
      [
        textField('incrementalMinutes', 'Minutes between runs', numberText(draft, 'incrementalMinutes', '10'), {
          inputType: 'number',
          ...problem('schedule.incrementalMinutes'),
        }),
        textField('fullHours', 'Hours between full runs', numberText(draft, 'fullHours', '24'), {
          inputType: 'number',
          ...problem('schedule.fullHours'),
        }),
        linesField('reportTo', 'Sync reports go to', listOf(draft, 'reportTo'), {
          rows: 2,
          help: 'Mail addresses, one a line.',
          ...problem('reportTo'),
        }),
      ],
      true,
    ),
    fieldGroup(
      'Sign-in of people',
      [
        textField('signInClientId', 'Client of the self-service page', textOf(objectOf(draft, 'signIn'))('clientId'), {
          help: 'An OpenID Connect client; empty: nobody signs in to the self-service page with this provider.',
          ...problem('signIn.clientId'),
        }),
        secretField(
          'signInClientSecret',
          'Its secret',
          objectOf(draft, 'signIn')['clientSecret'],
          problems('signIn.clientSecret'),
        ),
        tickField('passThroughBind', 'Passwords of the cloud work here', draft['passThroughBind'] === true, {
          help: 'each bind asks the provider',
          ...problem('passThroughBind'),
        }),
        ...(isOkta
          ? []
          : [
              textField('passThroughClientId', 'Client that checks passwords', text('passThroughClientId'), {
                help: 'A public client of the tenant; needed where passwords of the cloud work here.',
                ...problem('passThroughClientId'),
              }),
            ]),
      ],
      true,
    ),
  ]
}

/** The draft with what a form of {@link connectionFields} sent. */
export function connectionDraft(base: Draft, typed: Typed): Draft {
  const isOkta = base['type'] === 'okta'
  const signIn = objectOf(base, 'signIn')
  const optional = (name: string, value: string) => (value === '' ? {} : { [name]: value })
  const { usernameAttribute: _name, strip: _strip, ...rest } = base
  return {
    ...rest,
    ...(typed('id') === '' ? {} : { id: typed('id').trim() }),
    name: typed('name').trim(),
    ...(isOkta ? oktaDraft(base, typed) : entraDraft(base, typed)),
    users: typed('users') !== 'no',
    groups: typed('groups') !== 'no',
    ...optional('usernameAttribute', typed('usernameAttribute')),
    ...optional('strip', typed('strip')),
    uniqueField: typed('uniqueField'),
    enrollment: typed('enrollment'),
    schedule: {
      ...objectOf(base, 'schedule'),
      incrementalMinutes: numberOf(typed('incrementalMinutes')),
      fullHours: numberOf(typed('fullHours')),
    },
    reportTo: linesOf(typed('reportTo')),
    signIn: {
      ...signIn,
      clientId: typed('signInClientId').trim() || null,
      clientSecret:
        typed('signInClientId').trim() === '' ? null : typed('signInClientSecret') || (signIn['clientSecret'] ?? null),
    },
    passThroughBind: typed('passThroughBind') === 'yes',
    ...(isOkta ? {} : { passThroughClientId: typed('passThroughClientId').trim() || null }),
  }
}

function entraFields(draft: Draft, problems: Problems): readonly FormField[] {
  const text = textOf(draft)
  const problem = (name: string) => ({ problem: problems(name) })
  const credentials = credentialsOf(draft)
  const secretIndex = credentials.findIndex((credential) => 'clientSecret' in credential)
  return [
    textField('tenantId', 'Directory (tenant) id', text('tenantId'), { isRequired: true, ...problem('tenantId') }),
    textField('clientId', 'Application (client) id', text('clientId'), { isRequired: true, ...problem('clientId') }),
    secretField(
      'clientSecret',
      'Client secret',
      credentials[secretIndex]?.['clientSecret'],
      problems(`credentials[${Math.max(0, secretIndex)}].clientSecret`) || problems('credentials'),
      'Empty where accounts of administrators are authorized instead.',
    ),
    tickField(
      'delegated',
      'Authorize accounts of administrators',
      credentials.some(({ kind }) => kind === 'delegated'),
      {
        help: 'each gets a link, for users and for groups; a second one is the backup',
      },
    ),
  ]
}

/** Where sign-in and Microsoft Graph are. */
function cloudFields(draft: Draft, problems: Problems): readonly FormField[] {
  const text = textOf(draft)
  const problem = (name: string) => ({ problem: problems(name) })
  const chosen = clouds.find(
    ([, , authority, graph]) => authority === text('authorityHost') && text('graphUrl').startsWith(`${graph}/`),
  )
  const cloud = text('authorityHost') === '' ? 'global' : (chosen?.[0] ?? 'other')
  return [
    choiceField('cloud', 'Cloud', cloud, [
      ...clouds.map(([value, label]) => [value, label] as const),
      ['other', 'Other addresses'],
    ]),
    textField('authorityHost', 'Other address of sign-in', cloud === 'other' ? text('authorityHost') : '', {
      help: 'For "Other addresses" alone, as the two below.',
      ...problem('authorityHost'),
    }),
    textField('graphUrl', 'Other address of Microsoft Graph', cloud === 'other' ? text('graphUrl') : '', {
      help: 'With its version, such as https://graph.microsoft.com/v1.0.',
      ...problem('graphUrl'),
    }),
    textField('scope', 'Other scope', cloud === 'other' ? text('scope') : '', problem('scope')),
  ]
}

function entraDraft(base: Draft, typed: Typed): Draft {
  const known = clouds.find(([value]) => value === typed('cloud'))
  const [, , authority, graph] = known ?? ['', '', typed('authorityHost').trim(), '']
  const before = credentialsOf(base)
  const old = before.find((credential) => 'clientSecret' in credential)
  const clientSecret = typed('clientSecret') || old?.['clientSecret']
  const others = before.filter((credential) => credential !== old && credential['kind'] !== 'delegated')
  return {
    tenantId: typed('tenantId').trim(),
    clientId: typed('clientId').trim(),
    credentials: [
      ...(clientSecret === undefined ? [] : [{ kind: 'application', clientSecret }]),
      ...others,
      ...(typed('delegated') === 'yes' ? [{ kind: 'delegated' }] : []),
    ],
    authorityHost: authority,
    graphUrl: known === undefined ? typed('graphUrl').trim() : `${graph}/v1.0`,
    scope: known === undefined ? typed('scope').trim() : `${graph}/.default`,
  }
}

function oktaFields(draft: Draft, problems: Problems): readonly FormField[] {
  const text = textOf(draft)
  return [
    textField('orgUrl', 'URL of your Okta site', text('orgUrl'), {
      isRequired: true,
      help: 'Such as https://acme.okta.com, without "-admin".',
      problem: problems('orgUrl'),
    }),
    secretField('apiToken', 'API key', draft['apiToken'], problems('apiToken'), 'Of a read-only administrator.'),
    textField(
      'rateLimitShare',
      'Share of the rate limit, in percent',
      String(Math.round(Number(draft['rateLimitShare'] ?? 1) * 100)),
      {
        inputType: 'number',
        help: 'The rest is left to other integrations.',
        problem: problems('rateLimitShare'),
      },
    ),
  ]
}

function oktaDraft(base: Draft, typed: Typed): Draft {
  return {
    orgUrl: typed('orgUrl').trim().replace(/\/+$/, ''),
    apiToken: typed('apiToken').trim() || (base['apiToken'] ?? null),
    rateLimitShare: numberOf(typed('rateLimitShare'), 100),
  }
}

function secretField(name: string, label: string, kept: unknown, problem: string, help = ''): FormField {
  const isKept = typeof kept === 'object' && kept !== null
  return textField(name, label, '', {
    inputType: 'password',
    help: `${isKept ? 'One is kept; empty: it stays. ' : ''}${help}`,
    problem,
  })
}

function yesOrNo(name: string, label: string, isYes: boolean, problems: Problems): FormField {
  return choiceField(
    name,
    label,
    isYes ? 'yes' : 'no',
    [
      ['yes', 'Yes'],
      ['no', 'No'],
    ],
    { problem: problems(name) },
  )
}

function usernameChoices(draft: Draft): readonly (readonly [string, string])[] {
  const usual = ['userPrincipalName', 'sAMAccountName', 'mail', ...(draft['type'] === 'okta' ? ['login'] : [])]
  const present = draft['usernameAttribute']
  const own = typeof present === 'string' && present !== '' && !usual.includes(present) ? [present] : []
  return [['', 'as for all providers'], ...[...usual, ...own].map((value) => [value, value] as const)]
}

function textOf(draft: Draft): (name: string) => string {
  return (name) => {
    const value = draft[name]
    return typeof value === 'string' ? value : ''
  }
}

export function objectOf(draft: Draft, name: string): Draft {
  const value = draft[name]
  return typeof value === 'object' && value !== null ? (value as Draft) : {}
}

export function listOf(draft: Draft, name: string): readonly string[] {
  const value = draft[name]
  return Array.isArray(value) ? value.map(String) : []
}

function credentialsOf(draft: Draft): readonly Draft[] {
  const { credentials } = draft
  return Array.isArray(credentials) ? (credentials as readonly Draft[]) : []
}

function numberText(draft: Draft, name: string, otherwise: string): string {
  const value = objectOf(draft, 'schedule')[name]
  return typeof value === 'number' || typeof value === 'string' ? String(value) : otherwise
}

/** What is no number stays a text, and is refused as such. */
function numberOf(text: string, divisor = 1): number | string {
  const number = Number(text.trim())
  return text.trim() === '' || Number.isNaN(number) ? text : number / divisor
}
