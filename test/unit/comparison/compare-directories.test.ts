import { describe, expect, test } from 'vitest'
import type { ComparedAttribute, PersonMatchField } from '../../../server/comparison/compared-attributes.ts'
import { type Comparison, compareDirectories } from '../../../server/comparison/compare-directories.ts'
import { peopleAndGroups } from '../../../server/comparison/people-and-groups.ts'
import { plainEntry } from '../../../server/comparison/plain-entry.ts'
import { parseLdif } from '../../../server/protocol/ldif.ts'

const side = (ldif: string) => peopleAndGroups(parseLdif(ldif).map(({ dn, attributes }) => plainEntry(dn, attributes)))

interface Options {
  readonly match?: PersonMatchField
  readonly ignore?: readonly ComparedAttribute[]
}

function compare(there: string, here: string, { match, ignore = [] }: Options = {}): Comparison {
  return compareDirectories(side(there), side(here), { match, ignore: new Set(ignore) }).comparison
}

/** `name status`, or the differences of those who differ. */
function told({ rows }: Comparison): readonly string[] {
  return rows.map(({ name, status, matchedBy, differences }) => {
    const texts = differences.map(({ attribute, there, here }) => `${attribute} ${there.join('+')}|${here.join('+')}`)
    return [name, status, ...(matchedBy === null ? [] : [`by ${matchedBy}`]), ...texts].join(', ')
  })
}

const person = (dn: string, ...lines: readonly string[]) =>
  `dn: ${dn}\nobjectClass: inetOrgPerson\n${lines.join('\n')}\n\n`
const group = (dn: string, ...lines: readonly string[]) =>
  `dn: ${dn}\nobjectClass: groupOfNames\n${lines.join('\n')}\n\n`

const ada = person('uid=ada,dc=x', 'uid: ada', 'mail: ada@x.example')

describe('people are matched', () => {
  test.each([
    ['by entryUUID before anything else', 'entryUUID: A-1', 'uid: old', 'entryUUID: a-1', 'uid: new', 'by entryUUID'],
    ['by uid, whatever its case', 'uid: Ada', 'mail: a@x.example', 'uid: ada', 'mail: a@x.example', 'by uid'],
    ['by any of their addresses', 'mail: B@x.example', 'mail: A@X.example', 'uid: ada', 'mail: a@x.example', 'by mail'],
    ['by employeeNumber', 'employeeNumber: 7', 'uid: x', 'employeeNumber: 7', 'uid: ada', 'by employeeNumber'],
  ])('%s', (_, there1, there2, here1, here2, by) => {
    const [row] = compare(person('cn=p,dc=x', there1, there2), person('cn=p,dc=x', here1, here2)).rows
    expect(row).toMatchObject({ matchedBy: by.slice(3) })
  })

  test('not when several have the name, and then by no other field either', () => {
    const twins = person('uid=ada,ou=a,dc=x', 'mail: 1@x.example') + person('uid=ada,ou=b,dc=x', 'mail: ada@x.example')
    const { rows, people } = compare(twins, ada)
    expect(people).toMatchObject({ there: 2, here: 1, same: 0, ambiguous: 3 })
    expect(rows[0]?.reason).toBe('the same uid: there uid=ada,ou=a,dc=x and uid=ada,ou=b,dc=x; here uid=ada,dc=x')
  })

  test('not when their addresses belong to two people here', () => {
    const here = person('uid=a,dc=x', 'mail: a@x.example') + person('uid=b,dc=x', 'mail: b@x.example')
    const there = person('cn=z,dc=x', 'cn: z', 'mail: a@x.example', 'mail: b@x.example')
    expect(compare(there, here).people).toMatchObject({ ambiguous: 3 })
  })

  test('not by a name that passed to somebody else, as employeeNumber tells, unless that is asked for', () => {
    const there = person('uid=ada,dc=x', 'employeeNumber: 7')
    const here = person('uid=ada,dc=x', 'employeeNumber: 8')
    const { rows } = compare(there, here)
    expect(rows[0]).toMatchObject({
      status: 'ambiguous',
      reason: 'the same uid, but employeeNumber 7 there and 8 here; --match uid takes them for the same person',
    })
    expect(compare(there, here, { match: 'uid' }).people).toMatchObject({ same: 1 })
  })

  test('by the one field that is asked for', () => {
    const there = person('uid=ada,dc=x', 'mail: grace@x.example')
    const here = ada + person('uid=grace,dc=x', 'mail: grace@x.example')
    expect(compare(there, here, { match: 'mail' }).rows).toMatchObject([
      { name: 'grace', matchedBy: 'mail' },
      { name: 'ada', status: 'only here' },
    ])
    expect(compare(there, here, { match: 'employeeNumber' }).people).toMatchObject({ 'only there': 1, 'only here': 2 })
  })
})

describe('what differs in a person', () => {
  test('is told attribute by attribute, with the name of the primary group', () => {
    const posix = (dn: string, ...lines: readonly string[]) => person(dn, 'objectClass: posixAccount', ...lines)
    const there = posix(
      'cn=Ada,ou=staff,dc=x',
      'uid: ada',
      'uidNumber: 0501',
      'gidNumber: 100',
      'homeDirectory: /Home/ada',
      'loginShell: /bin/zsh',
    )
    const here = posix(
      'uid=ada,ou=people,dc=x',
      'uid: ada',
      'uidNumber: 501',
      'gidNumber: 900',
      'homeDirectory: /home/ada',
      'loginShell: /bin/bash',
    )
    const users = 'dn: cn=users,dc=x\nobjectClass: posixGroup\ngidNumber: 100\n'
    expect(told(compare(there + users, here))).toEqual([
      'ada, differs, by uid, dn cn=Ada,ou=staff,dc=x|uid=ada,ou=people,dc=x, gidNumber 100 (users)|900, homeDirectory /Home/ada|/home/ada, loginShell /bin/zsh|/bin/bash',
      'users, only there',
    ])
    expect(compare(there, here).notes).toEqual([
      'mail of people: nobody there has it, so it is not compared.',
      'sshPublicKey of people: nobody there has it, so it is not compared.',
      'People are below ou=staff,dc=x there, and below ou=people,dc=x here.',
      'The DN of a person begins with cn= there, and with uid= here.',
    ])
  })

  test('is not the spelling of a DN or name, further addresses here, or the comment of a key', () => {
    const there = person(
      'UID=Ada, DC=X',
      'uid: Ada',
      'mail: Ada@x.example',
      'sshPublicKey: ssh-ed25519 AAAAC3Nz ada@old',
    )
    const here = person(
      'uid=ada,dc=x',
      'uid: ada',
      'mail: ada@x.example',
      'mail: a@x.example',
      'sshPublicKey: ssh-ed25519  AAAAC3Nz laptop',
    )
    expect(told(compare(there, here))).toEqual(['ada, same, by uid'])
  })

  test('is a missing address, and another key or option of a key', () => {
    const there = person(
      'uid=ada,dc=x',
      'mail: ada@x.example',
      'mail: old@x.example',
      'sshPublicKey: from="10.0.0.1" ssh-ed25519 AAAAC3Nz',
    )
    const here = person('uid=ada,dc=x', 'mail: ada@x.example', 'sshPublicKey: ssh-ed25519 AAAAC3Nz')
    expect(compare(there, here).attributes).toEqual({ mail: 1, sshPublicKey: 1 })
  })

  test('is not an attribute that nobody there has, nor one that may differ', () => {
    const here = person('uid=ada,dc=x', 'mail: ada@x.example', 'uidNumber: 9', 'loginShell: /bin/sh')
    expect(told(compare(ada, here))).toEqual(['ada, same, by uid'])
    const other = person('uid=ada,dc=y', 'mail: ada@x.example')
    expect(told(compare(ada, other))).toEqual(['ada, differs, by uid, dn uid=ada,dc=x|uid=ada,dc=y'])
    expect(told(compare(ada, other, { ignore: ['dn'] }))).toEqual(['ada, same, by uid'])
  })
})

describe('members', () => {
  const people = (base: string) =>
    ['ada', 'grace', 'linus'].map((uid) => person(`uid=${uid},${base}`, `uid: ${uid}`)).join('')
  const there = (groups: string) => people('dc=x') + groups
  const here = (...uids: readonly string[]) =>
    people('dc=x') + group('cn=g,dc=x', 'cn: g', ...uids.map((uid) => `member: uid=${uid},dc=x`))
  const differences = (groups: string, ...uids: readonly string[]) =>
    compare(there(groups), here(...uids)).rows.find(({ name }) => name === 'g')?.differences

  test.each([
    ['memberUid', ['objectClass: posixGroup', 'memberUid: ADA', 'memberUid: grace']],
    ['member', ['member: UID=ada, DC=x', 'member: uid=grace,dc=x']],
    [
      'uniqueMember',
      ['objectClass: groupOfUniqueNames', "uniqueMember: uid=ada,dc=x#'0101'B", 'uniqueMember: uid=grace,dc=x'],
    ],
    ['both kinds', ['member: uid=ada,dc=x', 'memberUid: grace']],
  ])('are the same people whichever way they are listed: %s', (_, lines) => {
    expect(differences(group('cn=g,dc=x', ...lines), 'ada', 'grace')).toEqual([])
    expect(differences(group('cn=g,dc=x', ...lines), 'ada', 'linus')).toEqual([
      { attribute: 'members', there: ['grace'], here: ['linus'] },
    ])
  })

  test('of nested groups count, also when groups hold each other', () => {
    const nested =
      group('cn=g,dc=x', 'member: uid=ada,dc=x', 'member: cn=inner,dc=x') +
      group('cn=inner,dc=x', 'member: uid=grace,dc=x', 'member: cn=g,dc=x')
    expect(differences(nested, 'ada', 'grace')).toEqual([])
  })

  test('are recognized through the match, whatever they are called', () => {
    const old =
      person('cn=Countess,dc=x', 'uid: countess', 'mail: ada@x.example') + group('cn=g,dc=x', 'memberUid: countess')
    const served = ada + group('cn=g,dc=x', 'member: uid=ada,dc=x')
    expect(told(compare(old, served, { ignore: ['dn', 'uid'] }))).toEqual(['ada, same, by mail', 'g, same, by cn'])
  })

  test('that are nobody there: a name counts, for hosts know it; a DN is left out and noted', () => {
    const odd = group('cn=g,dc=x', 'member: cn=nobody', 'member: not a DN', 'memberUid: deploy')
    const { rows, notes } = compare(there(odd), here())
    expect(rows.find(({ name }) => name === 'g')?.differences).toEqual([
      { attribute: 'members', there: ['deploy'], here: [] },
    ])
    expect(notes).toContain('Left out: members there that are DNs of neither a person nor a group: 2.')
  })

  test('who have the group as their primary one are not missed in it', () => {
    const old = person('uid=ada,dc=x', 'gidNumber: 5') + group('cn=g,dc=x', 'gidNumber: 5', 'memberUid: ada')
    const served = person('uid=ada,dc=x', 'gidNumber: 5') + group('cn=g,dc=x', 'gidNumber: 5')
    expect(told(compare(old, served))).toEqual(['ada, same, by uid', 'g, same, by cn'])
    expect(told(compare(served, old))).toEqual(['ada, same, by uid', 'g, same, by cn'])
  })

  test('are those of the groups where memberOf says otherwise, and that is noted', () => {
    const old = person('uid=ada,dc=x', 'memberOf: cn=g,dc=x') + group('cn=g,dc=x', 'cn: g')
    const { notes } = compare(old, ada + group('cn=g,dc=x', 'cn: g'))
    expect(notes.join('\n')).toContain('memberOf there names groups that do not list the person: uid=ada,dc=x.')
  })
})

describe('groups', () => {
  test('are matched by cn, then by gidNumber', () => {
    const there = group('cn=Staff,dc=x', 'gidNumber: 5') + group('cn=devs,dc=x', 'gidNumber: 6')
    const here = group('cn=staff,dc=x', 'gidNumber: 50') + group('cn=engineers,dc=x', 'gidNumber: 6')
    expect(told(compare(there, here))).toEqual([
      'staff, differs, by cn, gidNumber 5|50',
      'engineers, differs, by gidNumber, cn devs|engineers, dn cn=devs,dc=x|cn=engineers,dc=x',
    ])
  })

  test('of one name in two containers are ambiguous', () => {
    const there = group('cn=g,ou=a,dc=x') + group('cn=g,ou=b,dc=x')
    expect(compare(there, group('cn=g,dc=x')).groups).toMatchObject({ ambiguous: 3, same: 0 })
  })

  test('that a search defines are left out and named, as are accounts of machines', () => {
    const there = `${ada}dn: cn=all,dc=x\nobjectClass: groupOfURLs\n\n${person('uid=host$,dc=x', 'uid: host$')}`
    const { rows, notes } = compare(there, ada)
    expect(rows).toHaveLength(1)
    expect(notes).toContain('Left out: groups there that a search defines (groupOfURLs): cn=all,dc=x.')
    expect(notes).toContain('Left out: accounts of machines there: 1.')
  })

  test('that this server makes itself are noted and make no difference', () => {
    const own = group('cn=directory-users,dc=x', 'rosterdSource: rosterd:primary-group')
    const { rows, notes } = compare(ada, ada + own)
    expect(rows.every(({ status }) => status === 'same')).toBe(true)
    expect(notes).toContain(
      'directory-users is the primary group of this server (posix.primaryGroup), and is not there.',
    )
  })
})

test('twenty thousand people and their groups are compared in a few seconds', () => {
  const many = Array.from({ length: 20_000 }, (_, i) =>
    person(`uid=p${i},dc=x`, 'mail: shared@x.example', `uidNumber: ${i}`),
  )
  const groups = Array.from({ length: 200 }, (_, g) =>
    group(`cn=g${g},dc=x`, ...Array.from({ length: 500 }, (_, i) => `memberUid: p${(g * 97 + i) % 20_000}`)),
  )
  const text = [...many, ...groups].join('')
  expect(compare(text, text)).toMatchObject({ people: { same: 20_000 }, groups: { same: 200 } })
}, 60_000)
