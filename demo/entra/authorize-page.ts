import { randomUUID } from 'node:crypto'
import type { ServiceAnswer, ServiceRequest } from '../https/exchange.ts'
import { page, redirect, signInPage } from '../https/sign-in-page.ts'
import { parseScopes } from './delegated-tokens.ts'
import { checkPassword } from './password-check.ts'
import type { SignInContext } from './sign-in-context.ts'
import { SignInRefusal } from './sign-in-error.ts'

const service = 'Contoso (simulated)'

/**
 * `/oauth2/v2.0/authorize`: signs a person in and sends the browser back with a code (contract §2.2). An unknown client or
 * redirect URI ends on an error page. With `application.approvesAs` nobody is asked, unless `prompt` says so.
 */
export function answerAuthorize(context: SignInContext, request: ServiceRequest): ServiceAnswer {
  const { application, directory } = context
  const { query } = request
  const redirectUri = query.get('redirect_uri') ?? ''
  if (query.get('client_id') !== application.clientId)
    return page(400, '<p>AADSTS700016: Application was not found.</p>')
  if (!application.redirectUris.has(redirectUri))
    return page(400, '<p>AADSTS50011: The redirect URI does not match.</p>')
  if (query.get('response_type') !== 'code')
    return refuse(request, redirectUri, 'unsupported_response_type', 'AADSTS700025')
  if (application.approvesAs !== undefined && query.get('prompt') !== 'login') {
    const user = directory.findUser(application.approvesAs)
    if (user === undefined) return page(400, '<p>AADSTS50034: No such account.</p>')
    return approve(context, request, redirectUri, user.id)
  }
  if (request.method === 'GET') return signInPage(service, query.get('login_hint') ?? '', '')
  const form = new URLSearchParams(request.body)
  if (form.has('cancel')) return refuse(request, redirectUri, 'access_denied', 'AADSTS65004: User declined to consent.')
  try {
    const user = checkPassword(directory, form.get('username') ?? '', form.get('password') ?? '', context.now())
    return approve(context, request, redirectUri, user.id)
  } catch (error) {
    if (error instanceof SignInRefusal) return signInPage(service, form.get('username') ?? '', error.message)
    throw error
  }
}

/** Scopes beyond those consented for everyone need an administrator. */
function approve(context: SignInContext, request: ServiceRequest, redirectUri: string, userId: string): ServiceAnswer {
  const { application, directory, authorizations, scopePrefix } = context
  const { query } = request
  const scopes = parseScopes(query.get('scope'), scopePrefix)
  const isConsented = scopes.resource.every((name) => application.consentedScopes.has(name))
  if (!isConsented && !directory.administrators.has(userId)) {
    return refuse(request, redirectUri, 'access_denied', 'AADSTS90094: An administrator of the tenant must consent.')
  }
  const code = authorizations.issueCode({
    userId,
    scopes,
    redirectUri,
    challenge: query.get('code_challenge'),
    nonce: query.get('nonce'),
  })
  const clientInfo = Buffer.from(JSON.stringify({ uid: userId, utid: context.tenantId })).toString('base64url')
  return redirect(redirectUri, query.get('state'), { code, client_info: clientInfo, session_state: randomUUID() })
}

function refuse(request: ServiceRequest, redirectUri: string, error: string, description: string): ServiceAnswer {
  return redirect(redirectUri, request.query.get('state'), { error, error_description: description })
}
