import { generatedNames, pick } from '../data/people-names.ts'
import { guidOf, instantOf, seededRandom } from '../data/seeded-random.ts'
import { entraPerson, type EntraPerson, notablePeople } from './notable-people.ts'
import type { EntraDomain, EntraOther } from './objects.ts'

const peopleCount = 200
const departments = ['Platform', 'Product', 'Research', 'Sales', 'Support', 'Finance', 'Marketing', 'Legal']
const titles = ['Engineer', 'Senior Engineer', 'Analyst', 'Manager', 'Consultant', 'Designer', 'Coordinator']

export const sampleDomains: readonly EntraDomain[] = [
  {
    id: 'contoso.onmicrosoft.example',
    isDefault: false,
    isInitial: true,
    isVerified: true,
    authenticationType: 'Managed',
  },
  { id: 'contoso.example', isDefault: true, isInitial: false, isVerified: true, authenticationType: 'Managed' },
  { id: 'fabrikam.example', isDefault: false, isInitial: false, isVerified: true, authenticationType: 'Managed' },
  {
    id: 'legacy.fabrikam.example',
    isDefault: false,
    isInitial: false,
    isVerified: true,
    authenticationType: 'Federated',
  },
  {
    id: 'claimed.contoso.example',
    isDefault: false,
    isInitial: false,
    isVerified: false,
    authenticationType: 'Managed',
  },
]

export const sampleOthers: readonly EntraOther[] = [
  { id: guidOf('entra device NB-0042'), type: 'device', displayName: 'NB-0042' },
  { id: guidOf('entra device NB-0043'), type: 'device', displayName: 'NB-0043' },
  { id: guidOf('entra application backup-daemon'), type: 'servicePrincipal', displayName: 'backup-daemon' },
  { id: guidOf('entra contact extern'), type: 'orgContact', displayName: 'Externer Kontakt' },
]

/** 200 people: the notable ones, then generated ones. The same in every run. */
export function samplePeople(): EntraPerson[] {
  const random = seededRandom(365)
  const generated = generatedNames(peopleCount - notablePeople.length, random).map((name, index) => {
    const domain = random() < 0.75 ? 'contoso.example' : 'fabrikam.example'
    const isSynced = random() < 0.3
    const samAccountName = `${name.localPart.charAt(0)}${name.localPart.split('.')[1] ?? ''}`.slice(0, 20)
    const details = {
      accountEnabled: random() >= 0.04,
      department: pick(departments, random),
      jobTitle: pick(titles, random),
      employeeId: random() < 0.7 ? String(5000 + index) : null,
      mobilePhone: random() < 0.4 ? `+44 20 5550 ${String(1000 + index)}` : null,
      preferredLanguage: random() < 0.3 ? pick(['en-GB', 'de-DE', 'fr-FR', 'sv-SE'], random) : null,
      companyName: domain === 'contoso.example' ? 'Contoso' : 'Fabrikam',
      createdDateTime: `${instantOf(random).toISOString().slice(0, 19)}Z`,
      ...(random() < 0.05 ? { mail: null } : {}),
    }
    const synced = {
      onPremisesSamAccountName: samAccountName,
      onPremisesUserPrincipalName: `${name.localPart}@corp.contoso.example`,
      onPremisesSecurityIdentifier: `S-1-5-21-11-22-33-${2000 + index}`,
      onPremisesDomainName: 'corp.contoso.example',
      onPremisesSyncEnabled: true,
    }
    return entraPerson(`${name.localPart}@${domain}`, name.given, name.family, {
      ...details,
      ...(isSynced ? synced : {}),
    })
  })
  return [...notablePeople, ...generated]
}
