/** Object classes served, as published (RFC 4512 §4.1.1), each with its document. */

const rfc4512 = [
  "( 2.5.6.0 NAME 'top' ABSTRACT MUST objectClass )",
  "( 2.5.20.1 NAME 'subschema' AUXILIARY MAY ( cn $ attributeTypes $ objectClasses $ matchingRules $ matchingRuleUse $ ldapSyntaxes ) )",
]

const organizationalMay =
  'userPassword $ seeAlso $ businessCategory $ telephoneNumber $ facsimileTelephoneNumber $ street $ postOfficeBox $ postalCode $ postalAddress $ physicalDeliveryOfficeName $ st $ l $ description'

const rfc4519 = [
  "( 2.5.6.2 NAME 'country' SUP top STRUCTURAL MUST c MAY description )",
  "( 2.5.6.3 NAME 'locality' SUP top STRUCTURAL MAY ( street $ seeAlso $ st $ l $ description ) )",
  `( 2.5.6.4 NAME 'organization' SUP top STRUCTURAL MUST o MAY ( ${organizationalMay} ) )`,
  `( 2.5.6.5 NAME 'organizationalUnit' SUP top STRUCTURAL MUST ou MAY ( ${organizationalMay} ) )`,
  "( 2.5.6.6 NAME 'person' SUP top STRUCTURAL MUST ( sn $ cn ) MAY ( userPassword $ telephoneNumber $ seeAlso $ description ) )",
  "( 2.5.6.7 NAME 'organizationalPerson' SUP person STRUCTURAL MAY ( title $ street $ telephoneNumber $ facsimileTelephoneNumber $ postOfficeBox $ postalCode $ postalAddress $ physicalDeliveryOfficeName $ ou $ st $ l ) )",
  "( 2.5.6.8 NAME 'organizationalRole' SUP top STRUCTURAL MUST cn MAY ( telephoneNumber $ facsimileTelephoneNumber $ street $ postOfficeBox $ postalCode $ postalAddress $ physicalDeliveryOfficeName $ seeAlso $ roleOccupant $ ou $ st $ l $ description ) )",
  // groupOfNames: member is MUST in RFC 4519; empty groups are served without it, so the published class says MAY.
  "( 2.5.6.9 NAME 'groupOfNames' SUP top STRUCTURAL MUST cn MAY ( member $ businessCategory $ seeAlso $ owner $ ou $ o $ description ) )",
  "( 2.5.6.17 NAME 'groupOfUniqueNames' SUP top STRUCTURAL MUST cn MAY ( uniqueMember $ businessCategory $ seeAlso $ owner $ ou $ o $ description ) )",
  "( 1.3.6.1.4.1.1466.344 NAME 'dcObject' SUP top AUXILIARY MUST dc )",
  "( 1.3.6.1.1.3.1 NAME 'uidObject' SUP top AUXILIARY MUST uid )",
]

const others = [
  // RFC 4524
  "( 0.9.2342.19200300.100.4.5 NAME 'account' SUP top STRUCTURAL MUST uid MAY ( description $ seeAlso $ l $ o $ ou ) )",
  `( 0.9.2342.19200300.100.4.13 NAME 'domain' SUP top STRUCTURAL MUST dc MAY ( o $ ${organizationalMay} ) )`,
  // userPassword is MUST there; it is never served, so the published class says MAY
  "( 0.9.2342.19200300.100.4.19 NAME 'simpleSecurityObject' SUP top AUXILIARY MAY userPassword )",
  // RFC 2798
  "( 2.16.840.1.113730.3.2.2 NAME 'inetOrgPerson' SUP organizationalPerson STRUCTURAL MAY ( businessCategory $ carLicense $ departmentNumber $ displayName $ employeeNumber $ employeeType $ givenName $ homePhone $ homePostalAddress $ initials $ jpegPhoto $ labeledURI $ mail $ manager $ mobile $ o $ pager $ roomNumber $ secretary $ uid $ userCertificate $ preferredLanguage ) )",
  // RFC 2307; posixGroup is auxiliary as in draft-howard-rfc2307bis, so that a groupOfNames can carry a gidNumber
  "( 1.3.6.1.1.1.2.0 NAME 'posixAccount' SUP top AUXILIARY MUST ( cn $ uid $ uidNumber $ gidNumber $ homeDirectory ) MAY ( userPassword $ loginShell $ gecos $ description ) )",
  "( 1.3.6.1.1.1.2.1 NAME 'shadowAccount' SUP top AUXILIARY MUST uid MAY ( userPassword $ description $ shadowLastChange $ shadowMin $ shadowMax $ shadowWarning $ shadowInactive $ shadowExpire $ shadowFlag ) )",
  "( 1.3.6.1.1.1.2.2 NAME 'posixGroup' SUP top AUXILIARY MUST gidNumber MAY ( userPassword $ memberUid $ description ) )",
  // OpenSSH LPK
  "( 1.3.6.1.4.1.24552.500.1.1.2.0 NAME 'ldapPublicKey' SUP top AUXILIARY MAY ( sshPublicKey $ uid ) )",
  // schema.OpenLDAP of sudo
  "( 1.3.6.1.4.1.15953.9.2.1 NAME 'sudoRole' SUP top STRUCTURAL MUST cn MAY ( sudoUser $ sudoHost $ sudoCommand $ sudoRunAs $ sudoRunAsUser $ sudoRunAsGroup $ sudoOption $ sudoOrder $ sudoNotBefore $ sudoNotAfter $ description ) )",
]

/** Our auxiliary classes, which carry what the standard ones do not allow; OIDs in the form RFC 4512 §1.4 leaves to servers without an arc. */
const own = [
  "( rosterdPerson-oid NAME 'rosterdPerson' DESC 'Vendor attributes of a synced person' SUP top AUXILIARY MAY ( sAMAccountName $ userPrincipalName $ userAccountControl $ sambaNTPassword ) )",
  "( rosterdGroup-oid NAME 'rosterdGroup' DESC 'Names and address of a synced group' SUP top AUXILIARY MAY ( displayName $ mail $ uniqueMember ) )",
  "( rosterdRootDse-oid NAME 'rosterdRootDSE' DESC 'Root DSE' SUP top STRUCTURAL )",
]

export const objectClassDefinitions: readonly string[] = [...rfc4512, ...rfc4519, ...others, ...own]
