/** Object identifiers of operations, controls and features, each once, by the name its document gives. */
export const Oid = {
  // Extended operations
  startTls: '1.3.6.1.4.1.1466.20037', // RFC 4511 §4.14
  whoAmI: '1.3.6.1.4.1.4203.1.11.3', // RFC 4532
  passwordModify: '1.3.6.1.4.1.4203.1.11.1', // RFC 3062
  noticeOfDisconnection: '1.3.6.1.4.1.1466.20036', // RFC 4511 §4.4.1

  // Controls
  pagedResults: '1.2.840.113556.1.4.319', // RFC 2696
  manageDsaIt: '2.16.840.1.113730.3.4.2', // RFC 3296
  passwordPolicy: '1.3.6.1.4.1.42.2.27.8.5.1', // draft-behera-ldap-password-policy
  sortRequest: '1.2.840.113556.1.4.473', // RFC 2891
  sortResponse: '1.2.840.113556.1.4.474', // RFC 2891
  virtualListViewRequest: '2.16.840.1.113730.3.4.9', // draft-ietf-ldapext-ldapv3-vlv
  virtualListViewResponse: '2.16.840.1.113730.3.4.10', // draft-ietf-ldapext-ldapv3-vlv
  dereference: '1.3.6.1.4.1.4203.666.5.16', // draft-masarati-ldap-deref
  assertion: '1.3.6.1.1.12', // RFC 4528
  matchedValues: '1.2.826.0.1.3344810.2.3', // RFC 3876

  // Features (RFC 4512 §5.1)
  allOperationalAttributes: '1.3.6.1.4.1.4203.1.5.1', // RFC 3673
  objectClassAttributes: '1.3.6.1.4.1.4203.1.5.2', // RFC 4529
  absoluteTrueFalseFilters: '1.3.6.1.4.1.4203.1.5.3', // RFC 4526

  // Matching rules of Microsoft's directory
  bitAnd: '1.2.840.113556.1.4.803',
  bitOr: '1.2.840.113556.1.4.804',
  inChain: '1.2.840.113556.1.4.1941',
} as const
