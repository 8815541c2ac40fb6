import { X509Certificate } from 'node:crypto'
import type { LdapCertificate } from '../admin-ui/admin/overview-services.ts'
import type { TlsIdentity } from './ldap/tls.ts'
import { watchCertificates } from './runtime/certificate-watch.ts'
import type { Clock } from './runtime/clock.ts'
import type { Config } from './runtime/config-schema.ts'
import type { Logger } from './runtime/logger.ts'
import { cardPath } from './runtime/operation-cards.ts'
import { readTlsFiles, type TlsFiles, type TlsOptions } from './runtime/tls-files.ts'

export interface ServerCertificatesOptions {
  readonly ldap: {
    readonly current: TlsIdentity
    readonly load: () => Promise<TlsIdentity>
    readonly config: () => Config
  }
  /** undefined: the admin page speaks HTTP. */
  readonly admin: Awaited<ReturnType<typeof adminCertificate>>
  readonly clock: Pick<Clock, 'sleep'>
  readonly logger: Pick<Logger, 'info' | 'error'>
  /** Connections from now on get it. */
  readonly useForLdap: (identity: TlsIdentity) => Promise<void>
  readonly useForAdmin: (options: TlsOptions) => void
}

export interface ServerCertificates {
  /** Looks for new ones every now and then, until the signal aborts. */
  run(stopping: AbortSignal): Promise<void>
  /** Reads them now. */
  reload(): Promise<void>
  reloadLdap(): Promise<void>
}

/** Certificates of LDAP and of the admin page, taken into use as they are replaced. */
export function watchServerCertificates(options: ServerCertificatesOptions): ServerCertificates {
  const { ldap, admin, clock, logger } = options
  const onProblem = (error: unknown) =>
    logger.error(
      { err: error, card: cardPath('a-certificate-has-expired') },
      'certificate could not be read; the one before stays',
    )
  const ofLdap = watchCertificates({
    current: ldap.current,
    load: ldap.load,
    files: () => certificateFiles(ldap.config()),
    clock,
    use(identity) {
      options.useForLdap(identity).then(
        () => logger.info('certificate in use is new'),
        (error: unknown) => logger.error({ err: error }, 'certificate could not be taken into use'),
      )
    },
    onProblem,
  })
  const ofAdmin =
    admin &&
    watchCertificates({
      ...admin,
      clock,
      use(identity) {
        options.useForAdmin(identity.options)
        logger.info('certificate of the admin page is new')
      },
      onProblem,
    })
  return {
    run: async (stopping) => void (await Promise.all([ofLdap.run(stopping), ofAdmin?.run(stopping)])),
    reload: async () => void (await Promise.all([ofLdap.reload(), ofAdmin?.reload()])),
    reloadLdap: () => ofLdap.reload(),
  }
}

/** As the Overview and the metrics show it. */
export function ldapCertificate({ options, caPem }: TlsIdentity): LdapCertificate {
  const { validToDate, subjectAltName = '', issuer } = new X509Certificate(options.cert)
  return {
    names: subjectAltName.split(', ').map((name) => name.replace(/^(DNS|IP Address):/, '')),
    issuer: issuer.split('\n').join(', '),
    expires: validToDate.toISOString(),
    isRenewed: caPem !== undefined,
  }
}

/** The certificate of the admin page, and how it is read again; undefined where it speaks HTTP. */
export async function adminCertificate(files: TlsFiles | null) {
  if (files === null) return undefined
  const load = async () => ({ options: await readTlsFiles('admin.tls', files) })
  return { current: await load(), load, files: () => [files.certFile, files.keyFile] }
}

/** undefined: the certificate is made here. */
function certificateFiles({ ldap }: Config): readonly string[] | undefined {
  const { certFile, keyFile, clientCaFile } = ldap.tls
  if (certFile === null || keyFile === null) return undefined
  return [certFile, keyFile, ...(clientCaFile ? [clientCaFile] : [])]
}
