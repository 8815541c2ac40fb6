import type { ClientHappening, WatchedBinder } from './directory/authentication/client-watch.ts'
import type {
  ImportedPasswordFound,
  PasswordChange,
  ProviderCheckRequest,
} from './directory/authentication/sign-in-services.ts'
import type { RecordChange } from './directory/directory-store.ts'
import type { DirectoryUpdate } from './directory/replication.ts'
import type { TlsOptions } from './runtime/tls-files.ts'
import type { Config } from './runtime/config-schema.ts'

/** What the thread needs of the configuration. */
export type LdapThreadConfig = Pick<Config, 'ldap' | 'binders' | 'directory' | 'passwords' | 'log'>

/** What the thread is given when it is made. */
export interface LdapThreadData {
  readonly config: LdapThreadConfig
  readonly suffix: string
  readonly version: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Folder of the configuration file. */
  readonly baseDir: string
  /** Int32: octets of access log posted and not handed on, and octets that wait in its sink. */
  readonly backlog: SharedArrayBuffer
}

/** To the thread, each answered by a `done` with the same id. */
export type ToLdapThread =
  | { readonly id: number; readonly type: 'take'; readonly update: DirectoryUpdate }
  | { readonly id: number; readonly type: 'metrics' }
  /** Answered with {@link BindCounts}. */
  | { readonly id: number; readonly type: 'binds' }
  | { readonly id: number; readonly type: 'close' }
  /** Listens: the directory has its first state. */
  | { readonly id: number; readonly type: 'listen'; readonly tls: TlsOptions }
  | { readonly id: number; readonly type: 'tls'; readonly tls: TlsOptions }
  /** Another configuration is in force. */
  | { readonly id: number; readonly type: 'configure'; readonly config: LdapThreadConfig }
  /** Tells of the clients of a binder for a while. */
  | { readonly id: number; readonly type: 'watch'; readonly watched: WatchedBinder }

/** Binds since the start. */
export interface BindCounts {
  readonly accepted: number
  readonly refused: number
}

/** Answers what the thread asked. */
export type SignInAnswer =
  | { readonly type: 'answer'; readonly question: number; readonly value: unknown }
  /** Nothing is said of why: that is in the log. */
  | { readonly type: 'no answer'; readonly question: number }

/** What became of the `records` posted last. */
export interface RecordsKept {
  readonly type: 'kept'
  readonly isDurable: boolean
}

/** Which of the SignInServices the thread asks for, and with what. */
export type SignInQuestion =
  | { readonly service: 'checkAtProvider'; readonly request: ProviderCheckRequest }
  | { readonly service: 'redeemCode'; readonly entryUUID: string; readonly code: string }
  | { readonly service: 'changePassword'; readonly request: PasswordChange }
  | { readonly service: 'upgradeImported'; readonly found: ImportedPasswordFound }
  | { readonly service: 'appPasswordKey' }

/** From the thread. */
export type FromLdapThread =
  | { readonly type: 'done'; readonly id: number; readonly value?: unknown }
  | { readonly type: 'failed'; readonly id: number; readonly message: string }
  | { readonly type: 'lines'; readonly lines: Uint8Array<ArrayBuffer> }
  /** Answered by a {@link SignInAnswer} with the same number. */
  | { readonly type: 'question'; readonly number: number; readonly question: SignInQuestion }
  /** To be kept in the store; answered by {@link RecordsKept}. */
  | { readonly type: 'records'; readonly records: readonly RecordChange[] }
  /** Many accounts fail through a service that is not to be blocked. */
  | { readonly type: 'alarm'; readonly address: string; readonly accounts: number }
  | { readonly type: 'client'; readonly happening: ClientHappening }
  | { readonly type: 'defect'; readonly operation: string; readonly stack: string }

export interface LdapPorts {
  readonly port: number
  readonly tlsPort: number | undefined
}

/** Places in {@link LdapThreadData.backlog}. */
export const backlogPlace = { posted: 0, waiting: 1 } as const
