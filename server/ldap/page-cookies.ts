import { createHmac, createSecretKey, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Identity } from '../directory/access-control.ts'
import { LdapError } from '../protocol/ldap-error.ts'
import { ResultCode } from '../protocol/result-code.ts'
import { sha256 } from '../runtime/sha256.ts'

/** Where a paged search goes on. */
export interface PagePosition {
  /** The last slot that was sent, -1 at the beginning. */
  readonly after: number
  /** Entries sent on the pages before. */
  readonly sent: number
}

/**
 * Cookies of paged results (RFC 2696) hold the whole state, so that any number of them may be alive and none costs memory.
 * A code over position, query and identity makes them good for the search and the bind that they were given to, in this process.
 */
export interface PageCookies {
  /** An empty cookie is the beginning. Throws {@link LdapError} unwillingToPerform for a cookie that was not given here. */
  read(cookie: Buffer, query: Uint8Array, identity: Identity): PagePosition
  make(position: PagePosition, query: Uint8Array, identity: Identity): Buffer
}

const positionBytes = 8
const codeBytes = 16

export function createPageCookies(): PageCookies {
  const key = createSecretKey(randomBytes(32)) // of bare octets Node makes one each time, five times as slow as the rest
  const code = (position: Buffer, query: Uint8Array, identity: Identity) =>
    createHmac('sha256', key)
      .update(position)
      .update(sha256(query))
      .update(
        identity.kind === 'anonymous'
          ? ''
          : `${identity.kind} ${identity.kind === 'user' ? identity.entryUUID : identity.name}`,
      )
      .digest()
      .subarray(0, codeBytes)
  return {
    read(cookie, query, identity) {
      if (cookie.length === 0) return { after: -1, sent: 0 }
      const position = cookie.subarray(0, positionBytes)
      const isOurs =
        cookie.length === positionBytes + codeBytes &&
        timingSafeEqual(cookie.subarray(positionBytes), code(position, query, identity))
      if (!isOurs)
        throw new LdapError(
          ResultCode.unwillingToPerform,
          'paged results cookie is not of this search: begin again with an empty one',
        )
      return { after: position.readInt32BE(0), sent: position.readUInt32BE(4) }
    },
    make({ after, sent }, query, identity) {
      const position = Buffer.alloc(positionBytes)
      position.writeInt32BE(after, 0)
      position.writeUInt32BE(sent, 4)
      return Buffer.concat([position, code(position, query, identity)])
    },
  }
}
