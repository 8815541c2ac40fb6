/** Given and family names that go together, so that generated people look like somebody. */
const regions: readonly { readonly given: string; readonly family: string }[] = [
  {
    given: 'Amelia Noah Grace Callum Freya Isla Owen Maisie Rhys Harriet',
    family: 'Ashworth Bennett Carmichael Drummond Fairclough Hargreaves Kinsella Llewellyn Pemberton Whitaker',
  },
  {
    given: 'Björn Åsa Søren Þórunn Linnéa Mårten Guðrún Håkon Signe Jón',
    family: 'Ångström Bergqvist Sørensen Þórsson Hallgrímsdóttir Lindström Nygård Ødegaard Sjöberg Kjærgaard',
  },
  {
    given: 'Jürgen Käthe Lukas Anneliese Götz Friederike Moritz Hannelore Jörg Lieselotte',
    family: 'Müller Großmann Schäfer Köhler Weiß Böhm Zimmermann Jäger Krüger Vogelsang',
  },
  {
    given: 'Łucja Zbigniew Małgorzata Dvořák Božena Jiří Živa Tomáš Agnieszka Mirek',
    family: 'Wiśniewski Kowalczyk Żak Novák Procházka Černý Horvat Szymański Świątek Hruška',
  },
  {
    given: 'José Begoña Joaquín Inês João Núria Álvaro Concepción Gonçalo Íñigo',
    family: 'Muñoz García Peña Conceição Magalhães Ibáñez Núñez Fernández Sebastião Quiñones',
  },
  {
    given: 'Élodie François Anaïs Rémi Chloé Benoît Hélène Gaël Maëlys Cédric',
    family: 'Lefèvre Bélanger Gauthier Noël Desrosiers Côté Marchand Giraud Thérond Beauséjour',
  },
  {
    given: 'Ayşe Çağlar Ömer Gülşen Yiğit Şebnem Emre Zeynep Kerem Nilüfer',
    family: 'Yılmaz Öztürk Çelik Şahin Doğan Güneş Kılıç Aydın Bulut Erdoğmuş',
  },
  {
    given: 'Priya Arjun Kavya Rohan Ananya Vikram Meera Sanjay Lakshmi Dev',
    family: 'Raghunathan Chatterjee Iyer Kulkarni Banerjee Deshmukh Menon Patel Srinivasan Bhattacharya',
  },
  {
    given: 'Amina Kwame Ngozi Tendai Zanele Chidi Makena Tunde Ayodele Fatou',
    family: 'Okonkwo Mensah Adeyemi Mwangi Dlamini Nkosi Diallo Achebe Kamau Boateng',
  },
]

const spelledOut: Readonly<Record<string, string>> = {
  ł: 'l',
  ø: 'o',
  þ: 'th',
  ð: 'd',
  æ: 'ae',
  ß: 'ss',
  ı: 'i',
  đ: 'd',
}

export interface PersonName {
  readonly given: string
  readonly family: string
  /** `given.family` in ASCII lower case. */
  readonly localPart: string
}

/** The first `count` names in an order that mixes the regions. No local part comes twice. */
export function generatedNames(count: number, random: () => number): PersonName[] {
  const names: PersonName[] = []
  const taken = new Set<string>()
  while (names.length < count) {
    const region = pick(regions, random)
    const given = pick(region.given.split(' '), random)
    const family = pick(region.family.split(' '), random)
    const localPart = asciiLocalPart(`${given}.${family}`)
    if (taken.has(localPart)) continue
    taken.add(localPart)
    names.push({ given, family, localPart })
  }
  return names
}

function asciiLocalPart(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[łøþðæßıđ]/g, (letter) => spelledOut[letter] ?? letter)
    .normalize('NFD')
    .replaceAll(/[^a-z0-9.-]/g, '')
}

export function pick<Item>(items: readonly Item[], random: () => number): Item {
  const item = items[Math.floor(random() * items.length)]
  if (item === undefined) throw new RangeError('nothing to pick from')
  return item
}

/** Every demo person with a password has this one. */
export function demoPassword(login: string): string {
  return `demo-${login.split('@')[0] ?? login}`
}
