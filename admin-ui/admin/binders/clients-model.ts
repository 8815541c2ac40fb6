import type { ReadySetup } from '../../../server/directory/client-setups/ready-setup.ts'
import { type State, stateOf } from '../../state.ts'

export function setupModel({ id, name, isTried, files, settings, notes }: ReadySetup) {
  return {
    id,
    name,
    state: triedState(isTried),
    files: files.map(({ path, mode, text }) => ({ path, mode: mode ?? '', text })),
    settings: settings.map(({ name, value }) => ({
      name,
      // What stands between backticks is to be copied.
      parts: value.split('`').map((text, index) => ({ text, isCode: index % 2 === 1 })),
    })),
    hasSecret: files.some(({ mode }) => mode !== undefined),
    notes,
  }
}

function triedState(isTried: boolean): State {
  return isTried ? stateOf('good', 'Tried') : stateOf('off', 'Nobody has tried it yet')
}
