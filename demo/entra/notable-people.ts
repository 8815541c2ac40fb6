import { demoPassword } from '../data/people-names.ts'
import { guidOf } from '../data/seeded-random.ts'
import type { EntraCredentials, EntraUser } from './objects.ts'

export interface EntraPerson {
  readonly user: Partial<EntraUser> & { id: string; userPrincipalName: string }
  readonly credentials: Partial<Pick<EntraCredentials, 'password' | 'signIn'>>
}

type Details = Partial<Omit<EntraUser, 'id' | 'userPrincipalName'>>

/** A person with mailbox and the password `demo-<local part of the UPN>`. */
export function entraPerson(
  userPrincipalName: string,
  givenName: string | null,
  surname: string | null,
  details: Details = {},
  credentials: EntraPerson['credentials'] = {},
): EntraPerson {
  const displayName = [givenName, surname].filter((part) => part !== null).join(' ')
  const mail = details.mail === undefined ? userPrincipalName : details.mail
  const user = {
    id: guidOf(`entra user ${userPrincipalName}`),
    userPrincipalName,
    mail,
    displayName,
    givenName,
    surname,
    mailNickname: userPrincipalName.split('@')[0] ?? null,
    proxyAddresses: mail === null ? [] : [`SMTP:${mail}`],
    lastPasswordChangeDateTime: '2025-03-01T09:00:00Z',
    ...details,
  }
  return { user, credentials: { password: demoPassword(userPrincipalName), ...credentials } }
}

function guest(address: string, displayName: string, details: Details = {}): EntraPerson {
  const localPart = `${address.replace('@', '_')}#EXT#`
  const external: Details = {
    mail: address,
    displayName,
    userType: 'Guest',
    mailNickname: localPart,
    otherMails: [address],
    proxyAddresses: [],
    lastPasswordChangeDateTime: null,
    ...details,
  }
  return entraPerson(`${localPart}@contoso.onmicrosoft.example`, null, null, external, { password: undefined })
}

const noPassword = { password: undefined }

/** People who show one thing each that a sync or a password check has to get right (contract §2.6, §3.5). */
export const notablePeople: readonly EntraPerson[] = [
  entraPerson('zoe.lindqvist@contoso.example', 'Zoë', 'Lindqvist', {
    proxyAddresses: [
      'SMTP:zoe.lindqvist@contoso.example',
      'smtp:zoe@contoso.example',
      'smtp:z.lindqvist@fabrikam.example',
      'x500:/o=Contoso/ou=Exchange/cn=Recipients/cn=zoe',
      'sip:zoe.lindqvist@contoso.example',
    ],
    onPremisesSamAccountName: 'zlindqvist',
    onPremisesUserPrincipalName: 'zoe.lindqvist@corp.contoso.example',
    onPremisesSecurityIdentifier: 'S-1-5-21-11-22-33-1101',
    onPremisesDomainName: 'corp.contoso.example',
    onPremisesDistinguishedName: 'CN=Zoë Lindqvist,OU=Staff,DC=corp,DC=contoso,DC=example',
    onPremisesSyncEnabled: true,
    employeeId: '4711',
    department: 'Platform',
    jobTitle: 'Directory Administrator',
    mobilePhone: '+46 8 555 0101',
    businessPhones: ['+46 8 555 0100'],
    officeLocation: 'Göteborg',
    preferredLanguage: 'sv-SE',
    companyName: 'Contoso',
  }),
  entraPerson('thora.hallgrimsdottir@contoso.example', 'Þóra', 'Hallgrímsdóttir', {
    department: 'Platform',
    employeeId: '4712',
  }),
  entraPerson('li.wei@contoso.example', '伟', '李', { displayName: '李 伟', department: 'Product' }),
  entraPerson("m.o'neil@contoso.example", 'Máire', "O'Neil", { userType: null, mailNickname: 'moneil' }),
  entraPerson('lukasz.zak@contoso.example', 'Łukasz', 'Żak', { department: 'Platform' }),
  entraPerson('sam@contoso.example', 'Sam', 'Carter', { department: 'Sales' }),
  entraPerson('sam@fabrikam.example', 'Sam', 'Fischer', { department: 'Sales' }),
  entraPerson('Alex.Kim@contoso.example', 'Alex', 'Kim', { department: 'Product' }),
  entraPerson('alex.kim@fabrikam.example', 'Alex', 'Kim', { department: 'Support' }),
  entraPerson('andr\u00e9.moreau@contoso.example', 'Andr\u00e9', 'Moreau'),
  entraPerson('andre\u0301.moreau@fabrikam.example', 'Andre\u0301', 'Moreau'),
  entraPerson('asa.angstrom@contoso.example', 'Åsa', 'Ångström', {
    displayName: ' Ångström, Åsa (Vertrieb) / "Q" + <1>; \\ ',
  }),
  entraPerson('renee.okafor@contoso.example', 'Renée', 'Okafor', { displayName: 'Renée 🎷 Okafor' }),
  entraPerson(
    'hubert.wolfeschlegelsteinhausenbergerdorff@contoso.example',
    'Hubert',
    'Wolfeschlegelsteinhausenbergerdorff',
  ),
  entraPerson('root@contoso.example', 'Ruth', 'Root', { department: 'Support' }),
  entraPerson('harriet.vance@contoso.example', 'Harriet', 'Vance', { department: 'Finance', employeeId: '4720' }),
  entraPerson('old.timer@contoso.example', 'Otto', 'Timer', {
    userType: null,
    createdDateTime: '2013-04-01T00:00:00Z',
  }),
  entraPerson('hank.leaver@contoso.example', 'Hank', 'Leaver', { accountEnabled: false, department: 'Sales' }),
  entraPerson('nils.nomail@contoso.example', 'Nils', 'Nomail', { mail: null }),
  entraPerson('vpn.gateway@contoso.example', null, null, { displayName: 'VPN Gateway', mail: null }),
  entraPerson('info@contoso.example', null, null, { displayName: 'Contoso Info', accountEnabled: false }, noPassword),
  entraPerson(
    'meeting.room1@contoso.example',
    null,
    null,
    { displayName: '会議室 1', accountEnabled: false },
    noPassword,
  ),
  entraPerson('fed.erica@legacy.fabrikam.example', 'Erica', 'Federated', { department: 'Support' }),
  entraPerson('mia.factor@contoso.example', 'Mia', 'Factor', {}, { signIn: 'mfa' }),
  entraPerson('max.register@contoso.example', 'Max', 'Register', {}, { signIn: 'mfa-registration' }),
  entraPerson('eve.expired@contoso.example', 'Eve', 'Expired', {}, { signIn: 'password-expired' }),
  entraPerson('lou.locked@contoso.example', 'Lou', 'Locked', {}, { signIn: 'locked' }),
  entraPerson('cam.access@contoso.example', 'Cam', 'Access', {}, { signIn: 'conditional-access' }),
  entraPerson('paula.keyless@contoso.example', 'Paula', 'Keyless', {}, noPassword),
  guest('tom@partner.example', 'Tom (Partner)'),
  guest('sam@supplier.example', 'Sam Supplier'),
  guest("ines.d'avila@partner.example", "Inês d'Ávila", { givenName: 'Inês', surname: "d'Ávila" }),
  guest('former@partner.example', 'Former Guest', { accountEnabled: false }),
]
