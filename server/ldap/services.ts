import type { SecureContext } from 'node:tls'
import type { AccessControl } from '../directory/access-control.ts'
import type { Authenticator } from '../directory/authentication/authenticator.ts'
import type { ClientWatch } from '../directory/authentication/client-watch.ts'
import type { DirectoryView } from '../directory/directory-view.ts'
import type { ServedDirectory } from '../directory/served-directory.ts'
import type { DecoderLimits } from '../protocol/request-decoder.ts'
import type { Config } from '../runtime/config-schema.ts'
import type { AccessLog } from './access-log.ts'
import type { PageCookies } from './page-cookies.ts'
import type { Turns } from './turns.ts'

/** Everything the operations need; made once, by ldap-server.ts. What the configuration decides may be another at the next operation. */
export interface LdapServices {
  readonly directory: ServedDirectory
  readonly accessControl: AccessControl
  readonly authenticator: Authenticator
  readonly rootDse: DirectoryView
  /** Made anew when the schema has learned from entries. */
  readonly subschema: () => DirectoryView
  readonly cookies: PageCookies
  /** For what does not end at once. */
  readonly turns: Turns
  readonly accessLog: AccessLog
  /** Whoever sets up a client watches it here. */
  readonly clientWatch: Pick<ClientWatch, 'isIdle' | 'bound' | 'searching'>
  readonly limits: Config['ldap']['limits']
  readonly decoderLimits: DecoderLimits
  /** Password Modify is answered. */
  readonly passwordModify: boolean
  readonly allowCleartextBind: Config['ldap']['allowCleartextBind']
  /** Connections from there begin with the address of the client. */
  readonly isProxy: (address: string) => boolean
  /** The certificate in use now. */
  readonly secureContext: () => SecureContext
  /** Whether TLS clients must present a certificate that the context vouches for. */
  readonly asksClientCertificate: () => boolean
  /** A defect of ours, not of the client: logged with its stack. */
  readonly reportDefect: (error: unknown, operation: string) => void
}
