import { demoPassword, generatedNames, pick } from '../data/people-names.ts'
import { instantOf, oktaIdOf, seededRandom } from '../data/seeded-random.ts'
import type { NewOktaUser } from './directory.ts'
import type { OktaCredentials, OktaStatus, OktaUserProfile } from './objects.ts'

export interface OktaPerson {
  readonly user: NewOktaUser
  readonly credentials: Partial<Pick<OktaCredentials, 'password' | 'signIn'>>
}

const peopleCount = 100
const departments = ['Engineering', 'Operations', 'Sales', 'Support', 'Finance']

interface Details {
  readonly status?: OktaStatus
  readonly profile?: Partial<OktaUserProfile>
  readonly isFromActiveDirectory?: boolean
  readonly lastUpdated?: string
  readonly credentials?: OktaPerson['credentials']
}

/** A person whose password is `demo-<part of the login before @>`, unless the status rules one out. */
function oktaPerson(
  login: string,
  firstName: string | null,
  lastName: string | null,
  details: Details = {},
): OktaPerson {
  const { status = 'ACTIVE', profile = {}, isFromActiveDirectory = false, credentials = {} } = details
  const hasPassword = !['STAGED', 'PROVISIONED'].includes(status)
  const user: NewOktaUser = {
    id: oktaIdOf('00u', `okta user ${login}`),
    status,
    created: '2025-01-02T03:04:05.000Z',
    activated: status === 'STAGED' ? null : '2025-01-02T03:05:00.000Z',
    statusChanged: '2025-06-01T00:00:00.000Z',
    lastUpdated: details.lastUpdated ?? '2025-06-01T00:00:00.000Z',
    passwordChanged: hasPassword ? '2025-03-01T09:00:00.000Z' : null,
    profile: { firstName, lastName, login, email: login, ...profile },
    ...(isFromActiveDirectory ? { provider: { type: 'ACTIVE_DIRECTORY' as const, name: 'corp.acme.example' } } : {}),
  }
  return { user, credentials: { password: hasPassword ? demoPassword(login) : undefined, ...credentials } }
}

/** People who show one thing each (contract §3.1, §6). */
const notablePeople: readonly OktaPerson[] = [
  oktaPerson('bjork.magnusdottir@acme.example', 'Björk', 'Magnúsdóttir', {
    profile: {
      secondEmail: null,
      mobilePhone: '+354 555 0101',
      department: 'Engineering',
      title: 'Directory Administrator',
      employeeNumber: '7001',
      samAccountName: 'bmagnusdottir',
      userPrincipalName: 'bjork.magnusdottir@corp.acme.example',
      displayName: 'Björk Magnúsdóttir',
      sshPublicKey: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIR2zQkMwI0Y0y1s5xq0l0y7dFz3xQkq3mQmD1s0demo bjork@acme',
      unixUid: 20001,
    },
    isFromActiveDirectory: true,
  }),
  oktaPerson('kjell.as@acme.example', 'Kjell', 'Ås', {
    status: 'SUSPENDED',
    profile: { email: 'Kjell.As@acme.example' },
  }),
  oktaPerson('misaki@acme.example', '美咲', '山田', { status: 'STAGED', profile: { displayName: '山田 美咲' } }),
  oktaPerson('petra.pending@acme.example', 'Petra', 'Pending', { status: 'PROVISIONED' }),
  oktaPerson('rosa.recovery@acme.example', 'Rosa', 'Recovery', { status: 'RECOVERY' }),
  oktaPerson('eve.expired@acme.example', 'Eve', 'Expired', { status: 'PASSWORD_EXPIRED' }),
  oktaPerson("m.o'neil@acme.example", 'Máire', "O'Neil", {
    status: 'LOCKED_OUT',
    profile: { email: 'shared@acme.example' },
  }),
  oktaPerson('left.company@acme.example', 'Left', 'Company', { status: 'DEPROVISIONED' }),
  oktaPerson('gone.away@acme.example', 'Gone', 'Away', { status: 'DEPROVISIONED' }),
  oktaPerson('mia.factor@acme.example', 'Mia', 'Factor', { credentials: { signIn: 'mfa-required' } }),
  oktaPerson('max.enroll@acme.example', 'Max', 'Enroll', { credentials: { signIn: 'mfa-enroll' } }),
  oktaPerson('wanda.warned@acme.example', 'Wanda', 'Warned', { credentials: { signIn: 'password-warn' } }),
  oktaPerson('nomail', 'No', 'Mailform', { profile: { email: 'shared@acme.example' } }),
  oktaPerson('cher@acme.example', 'Cher', null, { profile: { mobilePhone: null, nickName: 'Cher' } }),
  oktaPerson('sam@acme.example', 'Sam', 'Nakamura'),
  oktaPerson('Sam@contoso.example', 'Sam', 'Contractor', { profile: { email: 'sam.contractor@acme.example' } }),
  oktaPerson('harriet.vance@contoso.example', 'Harriet', 'Vance', { profile: { department: 'Finance' } }),
  oktaPerson('free.lancer@elsewhere.example', 'Free', 'Lancer'),
  oktaPerson('andre\u0301.dubois@acme.example', 'Andre\u0301', 'Dubois'),
]

/** 100 people: the notable ones, then generated ones. The same in every run. */
export function sampleOktaPeople(): OktaPerson[] {
  const random = seededRandom(8000)
  const generated = generatedNames(peopleCount - notablePeople.length, random).map((name, index) => {
    const isFromActiveDirectory = random() < 0.3
    const samAccountName = `${name.localPart.charAt(0)}${name.localPart.split('.')[1] ?? ''}`.slice(0, 20)
    const status: OktaStatus = random() < 0.04 ? 'SUSPENDED' : random() < 0.04 ? 'DEPROVISIONED' : 'ACTIVE'
    return oktaPerson(`${name.localPart}@acme.example`, name.given, name.family, {
      status,
      isFromActiveDirectory,
      lastUpdated: instantOf(random).toISOString(),
      profile: {
        department: pick(departments, random),
        employeeNumber: String(7100 + index),
        ...(random() < 0.5 ? { mobilePhone: null } : { mobilePhone: `+1 555 010 ${String(1000 + index)}` }),
        ...(random() < 0.4 ? { unixUid: 20100 + index, shirtSize: pick(['S', 'M', 'L'], random) } : {}),
        ...(isFromActiveDirectory && random() < 0.7 ? { samAccountName } : {}),
      },
    })
  })
  return [...notablePeople, ...generated]
}
