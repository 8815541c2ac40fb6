import type { Workspace } from '../workspace.ts'
import type { Command } from './command.ts'
import { accessReviewCommand } from './access-review-command.ts'
import { adminCreateCommand, adminListCommand, adminRemoveCommand, adminResetCommand } from './admin-command.ts'
import { appPasswordAddCommand, appPasswordListCommand, appPasswordRevokeCommand } from './app-password-command.ts'
import { backupCommand } from './backup-command.ts'
import { binderAddCommand, binderListCommand, binderRemoveCommand, binderRotateCommand } from './binder-command.ts'
import { explainCommand } from './explain-command.ts'
import { explainSignInCommand } from './explain-sign-in-command.ts'
import { enrollmentListCommand, enrollmentResendCommand, enrollmentSendCommand } from './enrollment-command.ts'
import { exportLdifCommand } from './export-ldif-command.ts'
import { historyCommand } from './history-command.ts'
import { idsExportCommand, idsImportCommand } from './ids-command.ts'
import { keyRotateCommand } from './key-command.ts'
import { linkConfirmCommand, linkListCommand, linkSeparateCommand } from './link-command.ts'
import { pauseCommand, resumeCommand, runsCommand, runsFollowCommand, undoCommand } from './pause-command.ts'
import { previewCommand } from './preview-command.ts'
import { planApproveCommand, planDiscardCommand, planShowCommand } from './plan-command.ts'
import {
  providerAuthorizeCommand,
  providerForgetCommand,
  providerListCommand,
  providerTestCommand,
} from './provider-command.ts'
import { relinkCommand, relinkUndoCommand } from './relink-command.ts'
import { storeVersionCommand } from './store-version-command.ts'
import { syncCommand } from './sync-command.ts'
import { throttleClearCommand, throttleListCommand } from './throttle-command.ts'
import { totpBeginCommand, totpConfirmCommand, totpRecoveryCodesCommand, totpResetCommand } from './totp-command.ts'
import {
  userBlockCommand,
  userBlockedCommand,
  userPassThroughCommand,
  userRevokeCommand,
  userShowCommand,
  userUnblockCommand,
} from './user-command.ts'
import { userRemovePasswordCommand, userResetPasswordCommand, userSetPasswordCommand } from './user-password-command.ts'

// Each command reads the input that this program's own command line made for it.
const all = [
  storeVersionCommand,
  syncCommand,
  planShowCommand,
  planApproveCommand,
  planDiscardCommand,
  explainCommand,
  explainSignInCommand,
  previewCommand,
  pauseCommand,
  resumeCommand,
  undoCommand,
  runsCommand,
  runsFollowCommand,
  exportLdifCommand,
  accessReviewCommand,
  historyCommand,
  idsExportCommand,
  idsImportCommand,
  relinkCommand,
  relinkUndoCommand,
  enrollmentListCommand,
  enrollmentSendCommand,
  enrollmentResendCommand,
  linkListCommand,
  linkConfirmCommand,
  linkSeparateCommand,
  providerListCommand,
  providerTestCommand,
  providerAuthorizeCommand,
  providerForgetCommand,
  userShowCommand,
  userSetPasswordCommand,
  userResetPasswordCommand,
  userRemovePasswordCommand,
  userBlockCommand,
  userBlockedCommand,
  userUnblockCommand,
  userRevokeCommand,
  userPassThroughCommand,
  appPasswordAddCommand,
  appPasswordListCommand,
  appPasswordRevokeCommand,
  totpBeginCommand,
  totpConfirmCommand,
  totpRecoveryCodesCommand,
  totpResetCommand,
  binderAddCommand,
  binderListCommand,
  binderRotateCommand,
  binderRemoveCommand,
  throttleListCommand,
  throttleClearCommand,
  keyRotateCommand,
  backupCommand,
  adminCreateCommand,
  adminResetCommand,
  adminListCommand,
  adminRemoveCommand,
] as readonly Command<never, unknown>[]
const commands = new Map(all.map((command) => [command.name, command]))

/** Runs a command that came over the control socket. */
export async function runCommand(
  workspace: Workspace,
  name: string,
  input: unknown,
  progress: (value: unknown) => void,
  signal: AbortSignal,
): Promise<unknown> {
  const command = commands.get(name)
  if (!command) throw new Error(`the server does not know the command "${name}"; it may be of another version`)
  return await command.execute(workspace, input as never, progress, signal)
}
