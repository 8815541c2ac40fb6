/** Bytes of a socket path that Linux accepts, the closing NUL left out. */
export const maxSocketPathBytes = 107

export function isPossibleSocketPath(path: string): boolean {
  return Buffer.byteLength(path) <= maxSocketPathBytes
}
