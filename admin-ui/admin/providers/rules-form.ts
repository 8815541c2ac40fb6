import { choiceField, fieldGroup, type FieldGroup, linesField, linesOf, tickField } from '../../form-field.ts'
import { type Draft, listOf, objectOf, type Problems, type Typed } from './connection-form.ts'

/*
 * The rules of a provider as a form. Groups stand in it one a line, as "Name (immutable id)" or as what was typed.
 */

/** Settings that name groups. */
export const groupSettings = ['selectedGroups', 'allowUsersInGroups', 'denyUsersInGroups'] as const

export function rulesFields(
  draft: Draft,
  names: ReadonlyMap<string, string>,
  knownDomains: readonly string[],
  problems: Problems,
): readonly FieldGroup[] {
  const filters = objectOf(draft, 'filters')
  const problem = (name: string) => ({ problem: problems(`filters.${name}`) })
  const groups = (name: string) => listOf(filters, name).map((id) => (names.has(id) ? `${names.get(id)} (${id})` : id))
  const ticked = (name: string, label: string, isTicked: boolean, help: string) =>
    tickField(name, label, isTicked, { help, ...problem(name) })
  const deniedDefault = draft['type'] === 'entra' ? 'disabled' : 'inactive'
  const denied = filters['nonAllowedStatus']
  return [
    fieldGroup('Groups', [
      linesField('groupPrefixes', 'Group prefixes (group sync allowed list)', listOf(filters, 'groupPrefixes'), {
        rows: 2,
        help: 'Groups whose names begin with none of these are not synced. One a line; empty: all groups.',
        ...problem('groupPrefixes'),
      }),
      linesField('selectedGroups', 'Selected groups', groups('selectedGroups'), {
        help: 'Only these are synced. One a line, by id or name; empty: all groups.',
        ...problem('selectedGroups'),
      }),
      ticked(
        'groupsWithoutEmail',
        'Sync groups without emails',
        filters['groupsWithoutEmail'] === true,
        'security groups, for one',
      ),
    ]),
    fieldGroup('Users', [
      linesField('allowUsersInGroups', 'Allowed users: members of', groups('allowUsersInGroups'), {
        help: 'Who is a member of none of these groups is inactive. Empty: everybody is allowed.',
        ...problem('allowUsersInGroups'),
      }),
      linesField('denyUsersInGroups', 'Non-allowed users: members of', groups('denyUsersInGroups'), {
        help: 'Who is a member of one of these is excluded, whatever else allows it.',
        ...problem('denyUsersInGroups'),
      }),
      choiceField('nonAllowedStatus', 'Excluded users are', typeof denied === 'string' ? denied : deniedDefault, [
        ['disabled', 'disabled'],
        ['inactive', 'inactive'],
      ]),
      ticked(
        'signInBlocked',
        'Is sign-in blocked',
        filters['signInBlocked'] !== 'ignore',
        'whoever is blocked at the provider is inactive here',
      ),
      ticked('guests', 'Guest users', filters['guests'] === true, 'are synced too'),
    ]),
    fieldGroup('Domains', [
      ticked(
        'domainRestriction',
        'Restrict users by domain',
        filters['domainRestriction'] === true,
        'new users outside are not synced; those who are served become inactive',
      ),
      linesField('domains', 'Domains', listOf(filters, 'domains'), {
        help:
          knownDomains.length === 0
            ? 'One a line; *.example.com means its subdomains.'
            : `One a line; *.example.com means its subdomains. Empty: ${knownDomains.join(', ')}.`,
        ...problem('domains'),
      }),
      ticked('subdomains', 'Subdomains of these domains', filters['subdomains'] === true, 'are accepted too'),
    ]),
  ]
}

/** The draft with what a form of {@link rulesFields} sent. */
export function rulesDraft(base: Draft, typed: Typed): Draft {
  const ticked = (name: string) => typed(name) === 'yes'
  return {
    ...base,
    filters: {
      ...objectOf(base, 'filters'),
      groupPrefixes: linesOf(typed('groupPrefixes')),
      selectedGroups: groupsOf(typed('selectedGroups')),
      groupsWithoutEmail: ticked('groupsWithoutEmail'),
      allowUsersInGroups: groupsOf(typed('allowUsersInGroups')),
      denyUsersInGroups: groupsOf(typed('denyUsersInGroups')),
      ...(typed('nonAllowedStatus') === '' ? {} : { nonAllowedStatus: typed('nonAllowedStatus') }),
      signInBlocked: ticked('signInBlocked') ? 'inactive' : 'ignore',
      guests: ticked('guests'),
      domainRestriction: ticked('domainRestriction'),
      domains: linesOf(typed('domains')),
      subdomains: ticked('subdomains'),
    },
  }
}

/** The id at the end of a line where there is one: of Entra ID a GUID, of Okta one like `00g…`. */
function groupsOf(text: string): readonly string[] {
  return linesOf(text).map(
    (line) => /\(([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|00g\w{17})\)$/i.exec(line)?.[1] ?? line,
  )
}
