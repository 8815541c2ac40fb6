import type { TotpSetup } from '../directory/credentials/second-factors.ts'
import { type Command, ExitCode } from './command.ts'
import { type NamedPerson, namedPerson, presentPerson } from './named-person.ts'
import type { UserChangeInput } from './user-command.ts'

/** `rosterd user totp begin`: a secret for an authenticator app. */
export const totpBeginCommand: Command<UserChangeInput, NamedPerson & TotpSetup> = {
  name: 'user-totp-begin',
  async execute(workspace, { user, by }) {
    const person = await presentPerson(workspace, user)
    const { secondFactors } = workspace.accounts
    return { ...person, ...(await secondFactors.begin(person.entryUUID, { kind: 'admin', id: by })) }
  },
  text: ({ name, uri, secret }) =>
    `Second factor of ${name}, shown only now. For the authenticator app:\n\n  ${uri}\n  ${secret}\n\nIt is asked for once "rosterd user totp confirm" got a code of the app.\n`,
  exitCode: () => ExitCode.ok,
}

/** `rosterd user totp confirm`: the app works; recovery codes, shown once. */
export const totpConfirmCommand: Command<
  UserChangeInput & { readonly code: string },
  NamedPerson & { readonly recoveryCodes: readonly string[] }
> = {
  name: 'user-totp-confirm',
  async execute(workspace, { user, by, code }) {
    const person = await namedPerson(workspace, user)
    const { secondFactors } = workspace.accounts
    const recoveryCodes = await secondFactors.confirm(person.entryUUID, code, { kind: 'admin', id: by })
    if (recoveryCodes !== undefined) return { ...person, recoveryCodes }
    throw new Error(
      'the code is not right, or no second factor of this person waits for one; check the clock of the phone, or begin anew',
    )
  },
  text: ({ name, recoveryCodes }) =>
    `The second factor of ${name} is on: from now on the password is followed by a comma and a code. Recovery codes, each good once, shown only now:\n\n${listed(recoveryCodes)}`,
  exitCode: () => ExitCode.ok,
}

/** `rosterd user totp recovery-codes`: new ones, shown once; the old ones end. */
export const totpRecoveryCodesCommand: Command<
  UserChangeInput,
  NamedPerson & { readonly recoveryCodes: readonly string[] }
> = {
  name: 'user-totp-recovery-codes',
  async execute(workspace, { user, by }) {
    const person = await namedPerson(workspace, user)
    const { secondFactors } = workspace.accounts
    const recoveryCodes = await secondFactors.renewRecoveryCodes(person.entryUUID, { kind: 'admin', id: by })
    if (recoveryCodes === undefined) throw new Error(`${person.name} has no second factor`)
    return { ...person, recoveryCodes }
  },
  text: ({ name, recoveryCodes }) =>
    `Recovery codes of ${name}, each good once, shown only now:\n\n${listed(recoveryCodes)}`,
  exitCode: () => ExitCode.ok,
}

/** `rosterd user totp reset`: takes it away, so that another can be set up. */
export const totpResetCommand: Command<UserChangeInput, NamedPerson & { readonly wasThere: boolean }> = {
  name: 'user-totp-reset',
  async execute(workspace, { user, by }) {
    const person = await namedPerson(workspace, user)
    const wasThere = await workspace.accounts.secondFactors.remove(person.entryUUID, { kind: 'admin', id: by })
    return { ...person, wasThere }
  },
  text: ({ name, wasThere }) =>
    wasThere ? `The second factor of ${name} is removed.\n` : `${name} has no second factor.\n`,
  exitCode: () => ExitCode.ok,
}

function listed(codes: readonly string[]): string {
  return codes.map((code) => `  ${code}\n`).join('')
}
