import fc from 'fast-check'
import { expect, test } from 'vitest'
import { resolveMembership } from '../../../sync/group-membership.ts'
import { aGroup } from './source-builders.ts'

test('members of nested groups belong to the outer ones, also in a circle', () => {
  const membership = resolveMembership([
    aGroup({ id: 'a', userIds: ['1'], groupIds: ['b'] }),
    aGroup({ id: 'b', userIds: ['2'], groupIds: ['c', 'unknown'] }),
    aGroup({ id: 'c', userIds: ['3'], groupIds: ['a', 'c'] }),
    aGroup({ id: 'd', userIds: ['4'], groupIds: ['c'] }),
  ])
  for (const id of ['a', 'b', 'c']) expect([...membership.allUserIds(id)].sort()).toEqual(['1', '2', '3'])
  expect([...membership.allUserIds('d')].sort()).toEqual(['1', '2', '3', '4'])
  expect(membership.parentIds('c')).toEqual(['b', 'd'])
  expect(membership.parentIds('d')).toEqual([])
  expect(membership.allUserIds('unknown').size).toBe(0)
})

const ids = ['a', 'b', 'c', 'd', 'e', 'f']
const anyGroups = fc.tuple(
  ...ids.map((id) =>
    fc.record({
      id: fc.constant(id),
      userIds: fc.uniqueArray(fc.constantFrom('1', '2', '3', '4')),
      groupIds: fc.uniqueArray(fc.constantFrom(...ids)),
    }),
  ),
)

test('flattening equals repeated one-step expansion', () => {
  fc.assert(
    fc.property(anyGroups, (parts) => {
      const membership = resolveMembership(parts.map((part) => aGroup(part)))
      const reached = new Map(parts.map((part) => [part.id, new Set(part.userIds)]))
      for (let round = 0; round < ids.length; round++)
        for (const part of parts)
          for (const child of part.groupIds)
            for (const user of reached.get(child) ?? []) reached.get(part.id)?.add(user)
      for (const id of ids) expect([...membership.allUserIds(id)].sort()).toEqual([...(reached.get(id) ?? [])].sort())
    }),
  )
})
