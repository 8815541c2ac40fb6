const names: Readonly<Record<string, string>> = {
  entra: 'Microsoft Entra ID (Azure)',
  office365: 'Office 365',
  okta: 'Okta',
  ldif: 'LDIF file',
}

/** What a type of provider is called. */
export function providerTypeName(type: string): string {
  return names[type] ?? type
}
