/** Attribute types served, as published (RFC 4512 §4.1.2), each with its document. */

const directoryString = '1.3.6.1.4.1.1466.115.121.1.15'
const dn = '1.3.6.1.4.1.1466.115.121.1.12'
const ia5 = '1.3.6.1.4.1.1466.115.121.1.26'
const integer = '1.3.6.1.4.1.1466.115.121.1.27'
const oid = '1.3.6.1.4.1.1466.115.121.1.38'
const octets = '1.3.6.1.4.1.1466.115.121.1.40'
const time = '1.3.6.1.4.1.1466.115.121.1.24'
const phone = '1.3.6.1.4.1.1466.115.121.1.50'
const ignoreCase = 'EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch'
const operational = 'NO-USER-MODIFICATION USAGE directoryOperation'
const integerRules = `EQUALITY integerMatch ORDERING integerOrderingMatch SYNTAX ${integer}`

const rfc4512 = [
  `( 2.5.4.0 NAME 'objectClass' EQUALITY objectIdentifierMatch SYNTAX ${oid} )`,
  `( 2.5.18.1 NAME 'createTimestamp' EQUALITY generalizedTimeMatch ORDERING generalizedTimeOrderingMatch SYNTAX ${time} SINGLE-VALUE ${operational} )`,
  `( 2.5.18.2 NAME 'modifyTimestamp' EQUALITY generalizedTimeMatch ORDERING generalizedTimeOrderingMatch SYNTAX ${time} SINGLE-VALUE ${operational} )`,
  `( 2.5.18.3 NAME 'creatorsName' EQUALITY distinguishedNameMatch SYNTAX ${dn} SINGLE-VALUE ${operational} )`,
  `( 2.5.18.4 NAME 'modifiersName' EQUALITY distinguishedNameMatch SYNTAX ${dn} SINGLE-VALUE ${operational} )`,
  `( 2.5.18.9 NAME 'hasSubordinates' EQUALITY booleanMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.7 SINGLE-VALUE ${operational} )`,
  `( 2.5.18.10 NAME 'subschemaSubentry' EQUALITY distinguishedNameMatch SYNTAX ${dn} SINGLE-VALUE ${operational} )`,
  `( 2.5.21.9 NAME 'structuralObjectClass' EQUALITY objectIdentifierMatch SYNTAX ${oid} SINGLE-VALUE ${operational} )`,
  `( 2.5.21.4 NAME 'matchingRules' EQUALITY objectIdentifierFirstComponentMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.30 USAGE directoryOperation )`,
  `( 2.5.21.5 NAME 'attributeTypes' EQUALITY objectIdentifierFirstComponentMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.3 USAGE directoryOperation )`,
  `( 2.5.21.6 NAME 'objectClasses' EQUALITY objectIdentifierFirstComponentMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.37 USAGE directoryOperation )`,
  `( 2.5.21.8 NAME 'matchingRuleUse' EQUALITY objectIdentifierFirstComponentMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.31 USAGE directoryOperation )`,
  `( 1.3.6.1.4.1.1466.101.120.16 NAME 'ldapSyntaxes' EQUALITY objectIdentifierFirstComponentMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.54 USAGE directoryOperation )`,
  `( 1.3.6.1.4.1.1466.101.120.5 NAME 'namingContexts' EQUALITY distinguishedNameMatch SYNTAX ${dn} USAGE dSAOperation )`,
  `( 1.3.6.1.4.1.1466.101.120.6 NAME 'altServer' SYNTAX ${ia5} USAGE dSAOperation )`,
  `( 1.3.6.1.4.1.1466.101.120.7 NAME 'supportedExtension' EQUALITY objectIdentifierMatch SYNTAX ${oid} USAGE dSAOperation )`,
  `( 1.3.6.1.4.1.1466.101.120.13 NAME 'supportedControl' EQUALITY objectIdentifierMatch SYNTAX ${oid} USAGE dSAOperation )`,
  `( 1.3.6.1.4.1.1466.101.120.14 NAME 'supportedSASLMechanisms' EQUALITY caseIgnoreMatch SYNTAX ${directoryString} USAGE dSAOperation )`,
  `( 1.3.6.1.4.1.1466.101.120.15 NAME 'supportedLDAPVersion' EQUALITY integerMatch SYNTAX ${integer} USAGE dSAOperation )`,
  `( 1.3.6.1.4.1.4203.1.3.5 NAME 'supportedFeatures' EQUALITY objectIdentifierMatch SYNTAX ${oid} USAGE dSAOperation )`,
]

/** RFC 3045, and Active Directory's name for the default base, which clients of every kind read. */
const rootDse = [
  `( 1.3.6.1.1.4 NAME 'vendorName' EQUALITY caseExactMatch SYNTAX ${directoryString} SINGLE-VALUE NO-USER-MODIFICATION USAGE dSAOperation )`,
  `( 1.3.6.1.1.5 NAME 'vendorVersion' EQUALITY caseExactMatch SYNTAX ${directoryString} SINGLE-VALUE NO-USER-MODIFICATION USAGE dSAOperation )`,
  `( 1.2.840.113556.1.4.484 NAME 'defaultNamingContext' EQUALITY distinguishedNameMatch SYNTAX ${dn} SINGLE-VALUE NO-USER-MODIFICATION USAGE dSAOperation )`,
]

const rfc4519 = [
  `( 2.5.4.41 NAME 'name' ${ignoreCase} SYNTAX ${directoryString} )`,
  `( 2.5.4.49 NAME 'distinguishedName' EQUALITY distinguishedNameMatch SYNTAX ${dn} )`,
  "( 2.5.4.3 NAME ( 'cn' 'commonName' ) SUP name )",
  "( 2.5.4.4 NAME ( 'sn' 'surname' ) SUP name )",
  `( 2.5.4.5 NAME 'serialNumber' ${ignoreCase} SYNTAX 1.3.6.1.4.1.1466.115.121.1.44 )`,
  "( 2.5.4.6 NAME ( 'c' 'countryName' ) SUP name SYNTAX 1.3.6.1.4.1.1466.115.121.1.11 SINGLE-VALUE )",
  "( 2.5.4.7 NAME ( 'l' 'localityName' ) SUP name )",
  "( 2.5.4.8 NAME ( 'st' 'stateOrProvinceName' ) SUP name )",
  `( 2.5.4.9 NAME ( 'street' 'streetAddress' ) ${ignoreCase} SYNTAX ${directoryString} )`,
  "( 2.5.4.10 NAME ( 'o' 'organizationName' ) SUP name )",
  "( 2.5.4.11 NAME ( 'ou' 'organizationalUnitName' ) SUP name )",
  "( 2.5.4.12 NAME 'title' SUP name )",
  `( 2.5.4.13 NAME 'description' ${ignoreCase} SYNTAX ${directoryString} )`,
  `( 2.5.4.15 NAME 'businessCategory' ${ignoreCase} SYNTAX ${directoryString} )`,
  "( 2.5.4.16 NAME 'postalAddress' EQUALITY caseIgnoreListMatch SUBSTR caseIgnoreListSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.41 )",
  `( 2.5.4.17 NAME 'postalCode' ${ignoreCase} SYNTAX ${directoryString} )`,
  `( 2.5.4.18 NAME 'postOfficeBox' ${ignoreCase} SYNTAX ${directoryString} )`,
  `( 2.5.4.19 NAME 'physicalDeliveryOfficeName' ${ignoreCase} SYNTAX ${directoryString} )`,
  `( 2.5.4.20 NAME 'telephoneNumber' EQUALITY telephoneNumberMatch SUBSTR telephoneNumberSubstringsMatch SYNTAX ${phone} )`,
  "( 2.5.4.23 NAME 'facsimileTelephoneNumber' SYNTAX 1.3.6.1.4.1.1466.115.121.1.22 )",
  "( 2.5.4.31 NAME 'member' SUP distinguishedName )",
  "( 2.5.4.32 NAME 'owner' SUP distinguishedName )",
  "( 2.5.4.33 NAME 'roleOccupant' SUP distinguishedName )",
  "( 2.5.4.34 NAME 'seeAlso' SUP distinguishedName )",
  `( 2.5.4.35 NAME 'userPassword' EQUALITY octetStringMatch SYNTAX ${octets} )`,
  `( 2.5.4.36 NAME 'userCertificate' DESC 'RFC 4523' EQUALITY certificateExactMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.8 )`,
  "( 2.5.4.42 NAME ( 'givenName' 'gn' ) SUP name )",
  "( 2.5.4.43 NAME 'initials' SUP name )",
  "( 2.5.4.44 NAME 'generationQualifier' SUP name )",
  `( 2.5.4.46 NAME 'dnQualifier' ${ignoreCase} SYNTAX 1.3.6.1.4.1.1466.115.121.1.44 )`,
  `( 2.5.4.50 NAME 'uniqueMember' EQUALITY uniqueMemberMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.34 )`,
  `( 0.9.2342.19200300.100.1.1 NAME ( 'uid' 'userid' ) ${ignoreCase} SYNTAX ${directoryString} )`,
  `( 0.9.2342.19200300.100.1.25 NAME ( 'dc' 'domainComponent' ) EQUALITY caseIgnoreIA5Match SUBSTR caseIgnoreIA5SubstringsMatch SYNTAX ${ia5} SINGLE-VALUE )`,
]

/** RFC 4524 (COSINE) and RFC 2798 (inetOrgPerson). */
const people = [
  `( 0.9.2342.19200300.100.1.3 NAME ( 'mail' 'rfc822Mailbox' ) EQUALITY caseIgnoreIA5Match SUBSTR caseIgnoreIA5SubstringsMatch SYNTAX ${ia5} )`,
  `( 0.9.2342.19200300.100.1.6 NAME 'roomNumber' ${ignoreCase} SYNTAX ${directoryString} )`,
  "( 0.9.2342.19200300.100.1.10 NAME 'manager' EQUALITY distinguishedNameMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.12 )",
  `( 0.9.2342.19200300.100.1.20 NAME ( 'homePhone' 'homeTelephoneNumber' ) EQUALITY telephoneNumberMatch SUBSTR telephoneNumberSubstringsMatch SYNTAX ${phone} )`,
  `( 0.9.2342.19200300.100.1.21 NAME 'secretary' EQUALITY distinguishedNameMatch SYNTAX ${dn} )`,
  "( 0.9.2342.19200300.100.1.39 NAME 'homePostalAddress' EQUALITY caseIgnoreListMatch SUBSTR caseIgnoreListSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.41 )",
  `( 0.9.2342.19200300.100.1.41 NAME ( 'mobile' 'mobileTelephoneNumber' ) EQUALITY telephoneNumberMatch SUBSTR telephoneNumberSubstringsMatch SYNTAX ${phone} )`,
  `( 0.9.2342.19200300.100.1.42 NAME ( 'pager' 'pagerTelephoneNumber' ) EQUALITY telephoneNumberMatch SUBSTR telephoneNumberSubstringsMatch SYNTAX ${phone} )`,
  `( 0.9.2342.19200300.100.1.60 NAME 'jpegPhoto' SYNTAX 1.3.6.1.4.1.1466.115.121.1.28 )`,
  `( 1.3.6.1.4.1.250.1.57 NAME 'labeledURI' DESC 'RFC 2079' EQUALITY caseExactMatch SYNTAX ${directoryString} )`,
  `( 2.16.840.1.113730.3.1.1 NAME 'carLicense' ${ignoreCase} SYNTAX ${directoryString} )`,
  `( 2.16.840.1.113730.3.1.2 NAME 'departmentNumber' ${ignoreCase} SYNTAX ${directoryString} )`,
  `( 2.16.840.1.113730.3.1.3 NAME 'employeeNumber' ${ignoreCase} SYNTAX ${directoryString} SINGLE-VALUE )`,
  `( 2.16.840.1.113730.3.1.4 NAME 'employeeType' ${ignoreCase} SYNTAX ${directoryString} )`,
  `( 2.16.840.1.113730.3.1.39 NAME 'preferredLanguage' ${ignoreCase} SYNTAX ${directoryString} SINGLE-VALUE )`,
  `( 2.16.840.1.113730.3.1.241 NAME 'displayName' ${ignoreCase} SYNTAX ${directoryString} SINGLE-VALUE )`,
]

/** RFC 2307 and draft-howard-rfc2307bis. */
const posix = [
  `( 1.3.6.1.1.1.1.0 NAME 'uidNumber' ${integerRules} SINGLE-VALUE )`,
  `( 1.3.6.1.1.1.1.1 NAME 'gidNumber' ${integerRules} SINGLE-VALUE )`,
  `( 1.3.6.1.1.1.1.2 NAME 'gecos' EQUALITY caseIgnoreIA5Match SUBSTR caseIgnoreIA5SubstringsMatch SYNTAX ${ia5} SINGLE-VALUE )`,
  `( 1.3.6.1.1.1.1.3 NAME 'homeDirectory' EQUALITY caseExactIA5Match SYNTAX ${ia5} SINGLE-VALUE )`,
  `( 1.3.6.1.1.1.1.4 NAME 'loginShell' EQUALITY caseExactIA5Match SYNTAX ${ia5} SINGLE-VALUE )`,
  ...[
    'shadowLastChange',
    'shadowMin',
    'shadowMax',
    'shadowWarning',
    'shadowInactive',
    'shadowExpire',
    'shadowFlag',
  ].map((name, index) => `( 1.3.6.1.1.1.1.${5 + index} NAME '${name}' ${integerRules} SINGLE-VALUE )`),
  `( 1.3.6.1.1.1.1.12 NAME 'memberUid' EQUALITY caseExactMatch SUBSTR caseExactSubstringsMatch SYNTAX ${directoryString} )`,
]

const publicKeys = [
  `( 1.3.6.1.4.1.24552.500.1.1.1.13 NAME 'sshPublicKey' DESC 'OpenSSH public key' EQUALITY octetStringMatch SYNTAX ${octets} )`,
]

/** schema.OpenLDAP of sudo. */
const sudo = [
  `( 1.3.6.1.4.1.15953.9.1.1 NAME 'sudoUser' EQUALITY caseExactIA5Match SUBSTR caseExactIA5SubstringsMatch SYNTAX ${ia5} )`,
  `( 1.3.6.1.4.1.15953.9.1.2 NAME 'sudoHost' EQUALITY caseExactIA5Match SUBSTR caseExactIA5SubstringsMatch SYNTAX ${ia5} )`,
  `( 1.3.6.1.4.1.15953.9.1.3 NAME 'sudoCommand' EQUALITY caseExactIA5Match SYNTAX ${ia5} )`,
  `( 1.3.6.1.4.1.15953.9.1.4 NAME 'sudoRunAs' EQUALITY caseExactIA5Match SYNTAX ${ia5} )`,
  `( 1.3.6.1.4.1.15953.9.1.5 NAME 'sudoOption' EQUALITY caseExactIA5Match SYNTAX ${ia5} )`,
  `( 1.3.6.1.4.1.15953.9.1.6 NAME 'sudoRunAsUser' EQUALITY caseExactIA5Match SYNTAX ${ia5} )`,
  `( 1.3.6.1.4.1.15953.9.1.7 NAME 'sudoRunAsGroup' EQUALITY caseExactIA5Match SYNTAX ${ia5} )`,
  `( 1.3.6.1.4.1.15953.9.1.8 NAME 'sudoNotBefore' EQUALITY generalizedTimeMatch ORDERING generalizedTimeOrderingMatch SYNTAX ${time} )`,
  `( 1.3.6.1.4.1.15953.9.1.9 NAME 'sudoNotAfter' EQUALITY generalizedTimeMatch ORDERING generalizedTimeOrderingMatch SYNTAX ${time} )`,
  `( 1.3.6.1.4.1.15953.9.1.10 NAME 'sudoOrder' ${integerRules} )`,
]

/** Samba's NT hash; [MS-ADA] names that gear written for Active Directory asks for. */
const microsoft = [
  `( 1.3.6.1.4.1.7165.2.1.25 NAME 'sambaNTPassword' DESC 'MD4 hash of the password' EQUALITY caseIgnoreIA5Match SYNTAX ${ia5} SINGLE-VALUE )`,
  `( 1.2.840.113556.1.4.221 NAME 'sAMAccountName' ${ignoreCase} SYNTAX ${directoryString} SINGLE-VALUE )`,
  `( 1.2.840.113556.1.4.656 NAME 'userPrincipalName' ${ignoreCase} SYNTAX ${directoryString} SINGLE-VALUE )`,
  `( 1.2.840.113556.1.4.8 NAME 'userAccountControl' ${integerRules} SINGLE-VALUE )`,
  `( 1.2.840.113556.1.2.102 NAME 'memberOf' DESC 'Groups that name this entry as a member' EQUALITY distinguishedNameMatch SYNTAX ${dn} ${operational} )`,
]

/** entryUUID: RFC 4530; entryDN: RFC 5020; pwdChangedTime: draft-behera-ldap-password-policy; the last one is ours. */
const otherOperational = [
  `( 1.3.6.1.1.16.4 NAME 'entryUUID' EQUALITY UUIDMatch ORDERING UUIDOrderingMatch SYNTAX 1.3.6.1.1.16.1 SINGLE-VALUE ${operational} )`,
  `( 1.3.6.1.1.20 NAME 'entryDN' EQUALITY distinguishedNameMatch SYNTAX ${dn} SINGLE-VALUE ${operational} )`,
  `( 1.3.6.1.4.1.42.2.27.8.1.16 NAME 'pwdChangedTime' EQUALITY generalizedTimeMatch ORDERING generalizedTimeOrderingMatch SYNTAX ${time} SINGLE-VALUE ${operational} )`,
  `( rosterdSource-oid NAME 'rosterdSource' DESC 'Provider and immutable id' EQUALITY caseExactMatch SYNTAX ${directoryString} ${operational} )`,
]

export const attributeTypeDefinitions: readonly string[] = [
  ...rfc4512,
  ...rootDse,
  ...rfc4519,
  ...people,
  ...posix,
  ...publicKeys,
  ...sudo,
  ...microsoft,
  ...otherOperational,
]
