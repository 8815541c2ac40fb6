import type { MasterKeyDescription } from '../../../server/runtime/master-key.ts'
import type { ShownSetting } from '../../../server/runtime/shown-config.ts'
import { stateOf } from '../../state.ts'
import { timeOf } from '../../time.ts'
import type { LdapCertificate, OverviewServices } from '../overview-services.ts'

interface SettingsFacts {
  readonly version: string
  readonly configFile: string
  readonly dataDir: string
  readonly file: ReturnType<OverviewServices['configurationFile']>
  readonly settings: readonly ShownSetting[]
  readonly configuration: string
  readonly certificate: LdapCertificate | undefined
  readonly masterKey: MasterKeyDescription | string | undefined
  readonly mailServer: string | undefined
  readonly now: Date
}

/** Of a list that holds more, the first ones are shown. */
const shownElements = 50

export function settingsModel(facts: SettingsFacts) {
  const { version, configFile, dataDir, settings, configuration, certificate, masterKey, mailServer, now } = facts
  const sections = Map.groupBy(settings, ({ path }) => /^[^.[]+(?=[.[])/.exec(path)?.[0] ?? 'general')
  return {
    title: 'Settings',
    version,
    configFile,
    dataDir,
    configuration,
    file: facts.file,
    mailServer: mailServer ?? '',
    certificate: certificate && {
      names: certificate.names,
      issuer: certificate.issuer,
      expires: timeOf(certificate.expires, now),
      isRenewed: certificate.isRenewed,
    },
    masterKey: masterKeyModel(masterKey),
    sections: [...sections].map(([name, members]) => sectionModel(name, members)),
  }
}

function masterKeyModel(masterKey: MasterKeyDescription | string | undefined) {
  const none = { id: '', from: '', isOwn: false, older: '' }
  if (masterKey === undefined) return { state: stateOf('off', 'None yet'), problem: '', ...none }
  if (typeof masterKey === 'string') return { state: stateOf('bad', 'Cannot be used'), problem: masterKey, ...none }
  const { id, from, isOwn, older } = masterKey
  return { state: stateOf('good', 'In use'), problem: '', id, from, isOwn, older: older.join(', ') }
}

/** Settings by the element of a list that they belong to; what is in no list first. */
function sectionModel(name: string, settings: readonly ShownSetting[]) {
  const elements = Map.groupBy(settings, ({ path }) => /^[^.[]+\[\d+\]/.exec(path)?.[0] ?? '')
  const groups = [...elements].slice(0, shownElements).map(([element, members]) => ({
    name: element,
    isElement: element !== '',
    // What an element has beside its defaults says more than fifty lines would.
    rows: members.filter(({ isDefault }) => element === '' || !isDefault).map(rowModel),
  }))
  return {
    name,
    title: name === 'general' ? 'General' : name,
    groups,
    omitted: Math.max(0, elements.size - shownElements),
  }
}

function rowModel({ path, value, default: byDefault, isDefault, description }: ShownSetting) {
  return {
    path,
    anchor: path.replaceAll(/[^\w-]+/g, '-'),
    value,
    isDefault,
    default: byDefault ?? '',
    description: description
      .split('`')
      .map((text, index) => ({ text, isCode: index % 2 === 1 }))
      .filter(({ text }) => text !== ''),
  }
}
