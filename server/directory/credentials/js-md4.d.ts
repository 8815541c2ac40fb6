declare module 'js-md4' {
  /** Of its functions the one that is computed in JavaScript: OpenSSL 3 refuses MD4. */
  const md4: {
    /** 32 lower-case hexadecimal digits. */
    hex(message: Uint8Array): string
  }
  export default md4
}
