import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import type { AuthorizationLinks } from '../../sync/authorization-links.ts'
import type { Authorization } from '../../sync/authorizations.ts'
import type { CredentialPurpose } from '../../sync/credential-health.ts'

const redirectUri = 'http://localhost:8080/authorize/callback'

/** A link opened, and the authority's answer to an administrator who accepts at once: all but its last step. */
export async function answerOf(
  tenants: SimulatedTenants,
  links: AuthorizationLinks,
  as: string,
  purposes: readonly CredentialPurpose[] = ['users', 'groups'],
) {
  const { application, directory } = tenants.entra.tenant
  application.redirectUris.add(redirectUri)
  application.approvesAs = as
  const user = directory.findUser(as)
  if (user !== undefined) directory.administrators.add(user.id)
  const { url } = await links.create('contoso', purposes, 'test')
  const token = url.split('/').at(-1) ?? ''
  const { signal } = new AbortController()
  const { address, browserSecret } = await links.begin(token, signal)
  const back = (await fetch(address, { redirect: 'manual' })).headers.get('location')
  if (back === null) throw new Error(`the authority did not send the browser back from ${address}`)
  const query = new URL(back).searchParams
  const state = query.get('state') ?? ''
  return {
    token,
    address: new URL(address),
    answer: { state, browserSecret, code: query.get('code') ?? undefined, error: query.get('error') ?? undefined },
  }
}

/** An account authorized, as by an administrator with a link. */
export async function authorize(
  tenants: SimulatedTenants,
  links: AuthorizationLinks,
  as: string,
  purposes?: readonly CredentialPurpose[],
): Promise<Authorization> {
  const { answer } = await answerOf(tenants, links, as, purposes)
  return await links.complete(answer, new AbortController().signal)
}
