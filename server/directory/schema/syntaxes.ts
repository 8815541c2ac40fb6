/** LDAP syntaxes (RFC 4517 §3.3, RFC 4530, RFC 2307) that served attributes use. */
export const Syntax = {
  attributeTypeDescription: '1.3.6.1.4.1.1466.115.121.1.3',
  binary: '1.3.6.1.4.1.1466.115.121.1.5',
  bitString: '1.3.6.1.4.1.1466.115.121.1.6',
  boolean: '1.3.6.1.4.1.1466.115.121.1.7',
  certificate: '1.3.6.1.4.1.1466.115.121.1.8',
  countryString: '1.3.6.1.4.1.1466.115.121.1.11',
  dn: '1.3.6.1.4.1.1466.115.121.1.12',
  directoryString: '1.3.6.1.4.1.1466.115.121.1.15',
  facsimileTelephoneNumber: '1.3.6.1.4.1.1466.115.121.1.22',
  generalizedTime: '1.3.6.1.4.1.1466.115.121.1.24',
  ia5String: '1.3.6.1.4.1.1466.115.121.1.26',
  integer: '1.3.6.1.4.1.1466.115.121.1.27',
  jpeg: '1.3.6.1.4.1.1466.115.121.1.28',
  matchingRuleDescription: '1.3.6.1.4.1.1466.115.121.1.30',
  matchingRuleUseDescription: '1.3.6.1.4.1.1466.115.121.1.31',
  nameAndOptionalUid: '1.3.6.1.4.1.1466.115.121.1.34',
  numericString: '1.3.6.1.4.1.1466.115.121.1.36',
  objectClassDescription: '1.3.6.1.4.1.1466.115.121.1.37',
  oid: '1.3.6.1.4.1.1466.115.121.1.38',
  octetString: '1.3.6.1.4.1.1466.115.121.1.40',
  postalAddress: '1.3.6.1.4.1.1466.115.121.1.41',
  printableString: '1.3.6.1.4.1.1466.115.121.1.44',
  telephoneNumber: '1.3.6.1.4.1.1466.115.121.1.50',
  ldapSyntaxDescription: '1.3.6.1.4.1.1466.115.121.1.54',
  substringAssertion: '1.3.6.1.4.1.1466.115.121.1.58',
  uuid: '1.3.6.1.1.16.1',
} as const

/** LDAPSyntax descriptions as published (RFC 4512 §4.1.5). */
export const syntaxDefinitions: readonly string[] = Object.entries(Syntax).map(
  ([name, oid]) => `( ${oid} DESC '${name.replace(/([A-Z])/g, ' $1').replace(/^./, (c) => c.toUpperCase())}' )`,
)
