import type { Problem } from './config-problems.ts'
import type { Config, OidcAdminsConfig } from './config-schema.ts'
import { isLoopbackHost } from './loopback.ts'

const uuidForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** What sign-in of administrators at identity providers needs besides the right shape. */
export function adminProviders({ admin }: Config): Problem[] {
  const { protocol, hostname } = new URL(admin.publicUrl)
  const isInTheClear = protocol !== 'https:' && !isLoopbackHost(hostname)
  return admin.oidc.flatMap((provider, index) => {
    const path = `admin.oidc[${index}]`
    const first = admin.oidc.findIndex(({ id }) => id === provider.id)
    const duplicate = problem(`${path}.id`, provider.id, `is the id of admin.oidc[${first}] too; give each its own`)
    const inTheClear = `needs an address that administrators reach over https; set admin.publicUrl to it (it is "${admin.publicUrl}")`
    return [
      ...(first < index ? [duplicate] : []),
      ...(isInTheClear ? [problem(`${path}.clientId`, provider.clientId, inTheClear)] : []),
      ...issuerProblems(path, provider),
      ...admittedProblems(path, provider),
    ]
  })
}

function issuerProblems(path: string, { issuer, tenantId }: OidcAdminsConfig): Problem[] {
  if (issuer === null && tenantId === null)
    return [problem(`${path}.issuer`, undefined, 'is missing; set issuer, or tenantId for Entra ID')]
  if (tenantId !== null && !uuidForm.test(tenantId.toLowerCase()))
    return [
      problem(`${path}.tenantId`, tenantId, 'is not the id of a tenant such as "2f1c9d1e-7a55-4a0e-9a3b-0c8f6f1f0c11"'),
    ]
  if (issuer === null) return []
  if (tenantId !== null) return [problem(`${path}.issuer`, issuer, 'stands beside tenantId; keep one of the two')]
  const { search, hash, username } = new URL(issuer)
  return search + hash + username === '' ? [] : [problem(`${path}.issuer`, issuer, 'is not a plain https:// address')]
}

/** Ids of Entra ID are GUIDs in lower case: a mail address or the name of a group would never be found. */
function admittedProblems(path: string, { tenantId, admins }: OidcAdminsConfig): Problem[] {
  return admins.flatMap((one, index) => {
    const [kind, id] = 'user' in one ? ['user', one.user] : ['group', one.group]
    const at = `${path}.admins[${index}].${kind}`
    const first = admins.findIndex((other) => ('user' in other ? other.user : other.group) === id)
    if (first < index) return [problem(at, id, `is in admins[${first}] too; keep one of the two`)]
    if (tenantId === null || uuidForm.test(id)) return []
    return [
      problem(at, id, `is not the object id of a ${kind === 'user' ? 'person' : 'group'} in Entra ID, in lower case`),
    ]
  })
}

function problem(path: string, value: string | undefined, message: string): Problem {
  return { path, value: value === undefined ? undefined : JSON.stringify(value), message }
}
