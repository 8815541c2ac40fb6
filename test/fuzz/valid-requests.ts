import { Oid } from '../../server/protocol/oids.ts'
import {
  abandonOperation,
  addOperation,
  bindOperation,
  compareOperation,
  control,
  deleteOperation,
  extendedOperation,
  message,
  modifyDnOperation,
  modifyOperation,
  pagedResultsValue,
  saslBindOperation,
  searchOperation,
  unbindOperation,
} from '../builders/client-requests.ts'
import { reader, suffix } from '../builders/running-ldap-server.ts'

const ada = `uid=ada,ou=people,${suffix}`

/** Requests of every kind, each well-formed: what mutations begin with. */
export const validRequests: readonly Buffer[] = [
  bindOperation(reader.dn, reader.password),
  bindOperation(ada, 'ada-secret'),
  bindOperation('', ''),
  bindOperation(ada, ''),
  saslBindOperation('PLAIN'),
  ...[
    '(uid=ada)',
    '(&(objectClass=posixAccount)(|(uid=a*)(uidNumber>=5)(!(cn=*x*y*))))',
    '(cn~=x)',
    `(memberOf=cn=engineering,ou=groups,${suffix})`,
    '(:dn:2.5.13.2:=people)',
    '(userAccountControl:1.2.840.113556.1.4.803:=2)',
    `(member:1.2.840.113556.1.4.1941:=${ada})`,
    '(cn=Zo\\c3\\ab*)',
    '(&)',
    '(uidNumber<=99999999999999999999)',
  ].map((filter) => searchOperation({ filter, attributes: ['*', '+', 'cn;lang-de', '@person'] })),
  searchOperation({ base: '', scope: 0, attributes: ['+'] }),
  searchOperation({ base: 'cn=Subschema', scope: 0, attributes: ['+'] }),
  searchOperation({ base: ada, scope: 0, typesOnly: true }),
  searchOperation({ base: `cn=a\\2cb+ou=\\ff,${suffix}`, scope: 1, sizeLimit: 1, timeLimit: 1, deref: 3 }),
  compareOperation(ada, 'cn', 'Ada Lovelace'),
  compareOperation(`cn=engineering,ou=groups,${suffix}`, 'member', ada),
  extendedOperation(Oid.whoAmI),
  extendedOperation('1.3.6.1.4.1.99999.7', Buffer.from('value')),
  abandonOperation(3),
  unbindOperation,
  addOperation(`uid=x,${suffix}`),
  deleteOperation(ada),
  modifyOperation(ada),
  modifyDnOperation(ada, 'uid=eve'),
].flatMap((operation, index) => [
  message(index + 1, operation),
  message(
    index + 1,
    operation,
    control(Oid.pagedResults, index % 2 === 0, pagedResultsValue(2)),
    control(Oid.passwordPolicy, false),
    control('1.3.6.1.4.1.99999.8', false, Buffer.of(1, 2)),
  ),
])
