import type { OktaProviderConfig } from '../../../server/runtime/config-schema.ts'
import type { AdminPlace } from '../../admin-place.ts'

const domains = ['okta.com', 'oktapreview.com', 'okta-emea.com', 'okta-gov.com']

/** Where users of an org are managed: beside its address, unless that is one of its own. */
export function oktaAdminConsole({ orgUrl }: OktaProviderConfig, userId: string): AdminPlace {
  const { hostname } = new URL(orgUrl)
  const [org, ...rest] = hostname.split('.')
  const isOkta = domains.includes(rest.join('.'))
  const user = `https://${org ?? ''}-admin.${rest.join('.')}/admin/user/profile/view/${encodeURIComponent(userId)}`
  return { label: 'Okta admin console', address: isOkta ? user : null }
}
