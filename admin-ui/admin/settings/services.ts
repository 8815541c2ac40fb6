import type { AdminActor } from '../../../server/directory/administrators/admin-actions.ts'
import type { RotatedKey } from '../../../server/directory/master-key-rotation.ts'
import type { MasterKeyDescription } from '../../../server/runtime/master-key.ts'
import type { ShownSetting } from '../../../server/runtime/shown-config.ts'

/** What the page of the settings asks of the rest of the server. */
export interface SettingsServices {
  readonly version: string
  /** Absolute path. */
  readonly configFile: string
  /** Absolute path. */
  readonly dataDir: string
  /** Every value in use, in the order of the schema. */
  list(): readonly ShownSetting[]
  /** JSON of what is not as by default. */
  configuration(): string
  /** undefined while there is none; a text says why it cannot be used. */
  masterKey(): Promise<MasterKeyDescription | string | undefined>
  /** Encrypts every secret of the store with another master key. Throws ChangeRefused where the operator has to provide one first. */
  rotateKey(by: AdminActor): Promise<RotatedKey>
  /** The address of the mail server; undefined where none is configured. */
  mailServer(): string | undefined
  /** Throws ChangeRefused with what the mail server says. */
  sendTestMail(to: string, by: AdminActor): Promise<void>
}
