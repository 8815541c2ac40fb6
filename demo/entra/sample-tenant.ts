import type { EntraDirectory } from './directory.ts'
import { sampleGroups } from './sample-groups.ts'
import { sampleOthers, samplePeople } from './sample-people.ts'

/** Fills an empty directory with the demo's 200 people and 25 groups. */
export function fillEntraDirectory(directory: EntraDirectory): void {
  for (const other of sampleOthers) directory.addOther(other)
  const people = samplePeople()
  for (const { user, credentials } of people) directory.addUser(user, credentials)
  const administrators = ['zoe.lindqvist@contoso.example', 'thora.hallgrimsdottir@contoso.example']
  for (const { user } of people)
    if (administrators.includes(user.userPrincipalName)) directory.administrators.add(user.id)
  const groups = sampleGroups(people)
  for (const { group } of groups) directory.addGroup(group)
  for (const { group, members } of groups) for (const member of members) directory.addMember(group.id, member)
}
