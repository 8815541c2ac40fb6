/*
 * What has to be made at the provider before it is connected: steps of its portal, and the least that has to be granted.
 */

export interface Preparation {
  readonly steps: readonly string[]
  /** For the Azure CLI; empty where there is none. */
  readonly script: string
  readonly redirectUris: readonly { readonly uri: string; readonly use: string; readonly problem: string }[]
  readonly permissions: readonly { readonly name: string; readonly use: string }[]
}

interface RedirectUris {
  readonly authorize: string
  readonly signIn: string
}

/** `organization` names the app registration. */
export function preparationOf(type: string, redirectUris: RedirectUris, organization: string): Preparation {
  return type === 'okta' ? oktaPreparation(redirectUris) : entraPreparation(redirectUris, organization)
}

const graphPermissions = [
  { name: 'User.Read.All', use: 'users' },
  { name: 'GroupMember.Read.All', use: 'groups and their members' },
  {
    name: 'Domain.Read.All',
    use: 'the list of domains: only to restrict users to those of the tenant, or to link people',
  },
] as const

function entraPreparation({ authorize, signIn }: RedirectUris, organization: string): Preparation {
  return {
    steps: [
      'In the Microsoft Entra admin center, open Identity → Applications → App registrations → New registration. Name it, choose "Accounts in this organizational directory only".',
      'Under Authentication → Add a platform → Web, enter the redirect URI below for authorized accounts. Leave both boxes of implicit grant empty.',
      'Under API permissions → Add a permission → Microsoft Graph → Application permissions, add those below, and choose "Grant admin consent". For accounts of administrators alone, add them as Delegated permissions instead.',
      'Under Certificates & secrets → New client secret, make one and copy its value (not its id). Accounts of administrators alone need none.',
      'From Overview copy the Directory (tenant) id and the Application (client) id.',
      'With Conditional Access: let the application, and the accounts that are authorized, sign in from the public address of this server.',
    ],
    script: azureScript(authorize, organization),
    redirectUris: [
      { uri: authorize, use: 'accounts of administrators', problem: entraRedirectProblem(authorize) },
      {
        uri: signIn,
        use: 'people on the self-service page, at a registration of its own',
        problem: entraRedirectProblem(signIn),
      },
    ],
    permissions: graphPermissions,
  }
}

function oktaPreparation({ signIn }: RedirectUris): Preparation {
  return {
    steps: [
      'In the Okta admin console, open Directory → People → Add person, and add a user for this server alone.',
      'Under Security → Administrators, give that user the role Read-only Administrator.',
      'Sign in to Okta as that user, open Security → API → Tokens → Create token, and copy it. It keeps the rights of that user, and ends when it is not used for 30 days.',
      'With network zones: let the token be used from the public address of this server.',
    ],
    script: '',
    redirectUris: [{ uri: signIn, use: 'people on the self-service page: an OIDC web application', problem: '' }],
    permissions: [{ name: 'Read-only Administrator', use: 'users, groups and their members' }],
  }
}

/** Why Entra ID would not take a redirect URI; empty when it would. */
function entraRedirectProblem(uri: string): string {
  const { protocol, hostname } = new URL(uri)
  if (uri.length > 256) return 'Entra ID takes 256 characters at most.'
  if (protocol === 'https:' || (protocol === 'http:' && hostname === 'localhost')) return ''
  return 'Entra ID takes https:// addresses, and http:// for localhost alone. Set admin.publicUrl to an https:// address.'
}

/** Grants nothing else: permissions are looked up by name, so that what is granted can be read. */
function azureScript(redirectUri: string, organization: string): string {
  const name = shellQuoted(`Rosterd directory of ${organization}`)
  return `#!/bin/sh
# Makes the app registration with the least permissions. Needs the Azure CLI, signed in as Global Administrator
# or Privileged Role Administrator: az login --allow-no-subscriptions
set -eu
graph=00000003-0000-0000-c000-000000000000   # Microsoft Graph

app=$(az ad app create --display-name ${name} --sign-in-audience AzureADMyOrg \\
  --web-redirect-uris ${shellQuoted(redirectUri)} --query appId --output tsv)
for permission in User.Read.All GroupMember.Read.All Domain.Read.All; do
  role=$(az ad sp show --id "$graph" --query "appRoles[?value=='$permission'].id" --output tsv)
  az ad app permission add --id "$app" --api "$graph" --api-permissions "$role=Role"
done
az ad sp create --id "$app" --output none
sleep 30   # until every part of the tenant knows the application
az ad app permission admin-consent --id "$app"

echo "Directory (tenant) id:   $(az account show --query tenantId --output tsv)"
echo "Application (client) id: $app"
echo "Client secret (shown once, good for a year):"
az ad app credential reset --id "$app" --append --years 1 --query password --output tsv
`
}

function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
