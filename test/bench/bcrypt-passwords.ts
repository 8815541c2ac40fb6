/** Copies an LDIF file of the benchmarks with `{BCRYPT}` in place of its hashes: `bcrypt-passwords.ts FROM TO`. Passwords are `pw-<uid>`. */
import { readFileSync, writeFileSync } from 'node:fs'
import { hashSync } from 'bcryptjs'

const [from = '', to = ''] = process.argv.slice(2)
const cost = 10
const entries = readFileSync(from, 'utf8').split('\n\n')
const changed = entries.map((entry) => {
  const uid = /^uid: (.+)$/m.exec(entry)?.[1]
  return uid === undefined
    ? entry
    : entry.replace(/^userPassword:.*$/m, `userPassword: {BCRYPT}${hashSync(`pw-${uid}`, cost)}`)
})
writeFileSync(to, changed.join('\n\n'))
