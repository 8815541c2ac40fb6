/** A state as pages show it: by text, icon and colour. */
export interface State {
  readonly kind: 'good' | 'warn' | 'bad' | 'off' | 'busy'
  readonly text: string
  /** A template of views/icons. */
  readonly icon: string
}

export function stateOf(kind: State['kind'], text: string): State {
  return { kind, text, icon: `icons/${kind}` }
}
