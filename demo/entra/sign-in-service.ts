import type { ServiceAnswer, ServiceRequest } from '../https/exchange.ts'
import { authenticateClient } from './application.ts'
import { answerAuthorize } from './authorize-page.ts'
import { delegatedTokens, openIdScopes, parseScopes } from './delegated-tokens.ts'
import { checkPassword } from './password-check.ts'
import type { SignInContext } from './sign-in-context.ts'
import { SignInRefusal, signInErrorAnswer } from './sign-in-error.ts'

const sharedTenants = ['common', 'organizations', 'consumers']

/** Discovery, keys and token endpoint of the authority (contract §2.1). Undefined for paths that are not its own. */
export function answerSignIn(context: SignInContext, request: ServiceRequest): ServiceAnswer | undefined {
  const [, tenant = '', endpoint = ''] = /^\/([^/]+)\/(.+)$/.exec(request.path) ?? []
  try {
    switch (`${request.method} ${endpoint}`) {
      case 'GET v2.0/.well-known/openid-configuration':
        return json(discovery(context, resolveTenant(context, tenant)))
      case 'GET discovery/v2.0/keys':
        resolveTenant(context, tenant)
        return json(context.tokens.keySet)
      case 'GET oauth2/v2.0/authorize':
      case 'POST oauth2/v2.0/authorize':
        resolveTenant(context, tenant)
        return answerAuthorize(context, request)
      case 'POST oauth2/v2.0/token':
        return json(grantToken(context, resolveTenant(context, tenant), tenant, new URLSearchParams(request.body)))
      default:
        return undefined
    }
  } catch (error) {
    if (error instanceof SignInRefusal) return signInErrorAnswer(error, context.origin, context.now())
    throw error
  }
}

function json(body: unknown): ServiceAnswer {
  return {
    status: 200,
    headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store, no-cache' },
    body,
  }
}

/** The name to use in URLs: the GUID, or the shared name as it was given. */
function resolveTenant({ tenantId, directory }: SignInContext, tenant: string): string {
  const name = tenant.toLowerCase()
  if (name === tenantId || directory.domains.some((domain) => domain.isVerified && domain.id === name)) return tenantId
  if (sharedTenants.includes(name)) return name
  throw new SignInRefusal(90002)
}

function discovery({ origin }: SignInContext, tenant: string): unknown {
  const authority = `${origin}/${tenant}`
  return {
    token_endpoint: `${authority}/oauth2/v2.0/token`,
    token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt'],
    jwks_uri: `${authority}/discovery/v2.0/keys`,
    response_modes_supported: ['query'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    response_types_supported: ['code'],
    scopes_supported: openIdScopes,
    issuer: `${authority}/v2.0`,
    authorization_endpoint: `${authority}/oauth2/v2.0/authorize`,
    end_session_endpoint: `${authority}/oauth2/v2.0/logout`,
  }
}

function grantToken(context: SignInContext, tenant: string, tenantAsGiven: string, form: URLSearchParams): unknown {
  switch (form.get('grant_type')) {
    case 'client_credentials':
      return grantToApplication(context, tenant, tenantAsGiven, form)
    case 'password':
      return grantForPassword(context, tenant, tenantAsGiven, form)
    case 'authorization_code':
      return grantForCode(context, tenantAsGiven, form)
    case 'refresh_token':
      return grantForRefreshToken(context, tenantAsGiven, form)
    default:
      throw new SignInRefusal(70003)
  }
}

function grantToApplication(
  context: SignInContext,
  tenant: string,
  tenantAsGiven: string,
  form: URLSearchParams,
): unknown {
  const { application, tokens, tenantId } = context
  if (sharedTenants.includes(tenant)) throw new SignInRefusal(90002)
  authenticate(context, form, tenantAsGiven, true)
  if (form.get('scope')?.trim() !== `${context.scopePrefix}.default`) {
    // MSAL adds openid, profile and offline_access to no application request, so the scope stands alone.
    throw new SignInRefusal(1002012)
  }
  const token = tokens.issueForGraph({
    appid: application.clientId,
    tid: tenantId,
    idtyp: 'app',
    roles: [...application.permissions],
  })
  const lifetime = tokens.lifetimeSeconds
  return { token_type: 'Bearer', expires_in: lifetime, ext_expires_in: lifetime, access_token: token }
}

function grantForPassword(
  context: SignInContext,
  tenant: string,
  tenantAsGiven: string,
  form: URLSearchParams,
): unknown {
  const { application, directory } = context
  if (tenant === 'common' || tenant === 'consumers') throw new SignInRefusal(9001023)
  authenticate(context, form, tenantAsGiven, !application.allowsPublicClient)
  const [username, password] = [form.get('username'), form.get('password')]
  if (username === null || username === '' || password === null || password === '') throw new SignInRefusal(90014)
  const scopes = parseScopes(form.get('scope'), context.scopePrefix)
  const user = checkPassword(directory, username, password, context.now())
  if (scopes.resource.some((name) => !application.consentedScopes.has(name))) throw new SignInRefusal(65001)
  return delegatedTokens(context, user, scopes, { wantsClientInfo: form.get('client_info') === '1' })
}

function grantForCode(context: SignInContext, tenantAsGiven: string, form: URLSearchParams): unknown {
  authenticate(context, form, tenantAsGiven, !context.application.allowsPublicClient)
  const { user, scopes, nonce } = context.authorizations.redeemCode(form)
  const refreshToken = scopes.openId.includes('offline_access')
    ? context.authorizations.issueRefreshToken(user.id, scopes)
    : undefined
  return delegatedTokens(context, user, scopes, { refreshToken, nonce, wantsClientInfo: true })
}

function grantForRefreshToken(context: SignInContext, tenantAsGiven: string, form: URLSearchParams): unknown {
  authenticate(context, form, tenantAsGiven, !context.application.allowsPublicClient)
  const { user, scopes, refreshToken } = context.authorizations.refresh(form)
  return delegatedTokens(context, user, scopes, { refreshToken, wantsClientInfo: true })
}

function authenticate(
  context: SignInContext,
  form: URLSearchParams,
  tenantAsGiven: string,
  isSecretRequired: boolean,
): void {
  const endpoint = `${context.origin}/${tenantAsGiven}/oauth2/v2.0/token`
  authenticateClient(context.application, form, endpoint, context.now(), isSecretRequired)
}
