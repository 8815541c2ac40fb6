import { expect, test } from 'vitest'
import { domainChecks } from '../../server/config-checks.ts'
import { configSchema } from '../../server/runtime/config-schema.ts'

const problemsOf = (attributes: object) => {
  const okta = { id: 'acme', type: 'okta', name: 'Acme', orgUrl: 'https://acme.okta.com', apiToken: 'x', attributes }
  const config = configSchema.parse({ providers: [okta] })
  return domainChecks.flatMap((check) => check(config).map(({ path, message }) => `${path} ${message}`))
}

test('a mapping that cannot work is found before anything starts, with its path', () => {
  expect(problemsOf({ uid: 'profile.login' })).toEqual([
    expect.stringMatching(/^providers\[0\]\.attributes\.uid cannot be mapped; possible are businessCategory, /),
  ])
  expect(problemsOf({ title: ' ' })).toEqual([expect.stringContaining('attributes.title names no field')])
  expect(problemsOf({ title: 'Dr. {profile.lastName' })).toEqual([
    'providers[0].attributes.title "Dr. {profile.lastName" has a brace without its fellow',
  ])
  expect(problemsOf({ title: 'Dr. {profile.lastName}', gidNumber: 'profile.unixId', LOGINSHELL: 'shell' })).toEqual([])
})
