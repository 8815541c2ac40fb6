/** Attributes of people that are in no entry: they come from what people sign in with. */
export const accountAttributes = ['pwdChangedTime', 'sambaNTPassword'] as const
export type AccountAttribute = (typeof accountAttributes)[number]

/** The value that a person has now; it may be another one while the view stays the same. */
export type AccountValues = (entryUUID: string, attribute: AccountAttribute) => string | undefined

export const noAccountValues: AccountValues = () => undefined
