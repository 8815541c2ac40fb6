import { AuthorizationLinkError, type AuthorizationLinks } from '../../../sync/authorization-links.ts'

const refuse = () => Promise.reject(new AuthorizationLinkError('no such link'))

/** For pages that have nothing to do with authorized accounts. */
export const noAuthorizationLinks: AuthorizationLinks = {
  create: refuse,
  open: refuse,
  begin: refuse,
  complete: refuse,
}
