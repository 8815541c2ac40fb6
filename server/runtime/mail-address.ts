/**
 * What is accepted as one mail address: a plain `name@domain`, without a display name, quotes, comments or anything that could
 * end a header or an SMTP command. Stricter than RFC 5321, which allows what nobody has.
 */
export const mailAddressPattern =
  /^[^\s@<>()[\]\\,;:"\p{C}]{1,64}@[^\s@<>()[\]\\,;:"\p{C}.][^\s@<>()[\]\\,;:"\p{C}]{0,252}$/u
