import type { RotatedKey } from '../directory/master-key-rotation.ts'
import { type Command, ExitCode } from './command.ts'

/** `rosterd key rotate`: every secret of the store is encrypted with another master key. */
export const keyRotateCommand: Command<{ readonly by: string }, RotatedKey> = {
  name: 'key-rotate',
  execute: (workspace, { by }) => workspace.rotateKey({ kind: 'admin', id: by }),
  text: ({ keyId, secrets, olderKeysIn }) => {
    const older =
      olderKeysIn === null
        ? 'The key before it is gone; backups made so far need it.'
        : `Nothing needs the other keys in ${olderKeysIn} any more, but backups made so far.`
    return `${secrets} secrets are encrypted with the master key ${keyId} now. ${older}\n`
  },
  exitCode: () => ExitCode.ok,
}
