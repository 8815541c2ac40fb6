/** A field of a form as `partials/fields/*` print it. */
export interface FormField {
  /** The partial that prints it. */
  readonly partial: string
  readonly name: string
  readonly label: string
  readonly help: string
  readonly value: string
  readonly isTicked: boolean
  readonly isRequired: boolean
  readonly inputType: 'text' | 'password' | 'number'
  readonly isText: boolean
  readonly isPassword: boolean
  readonly rows: number
  readonly choices: readonly { readonly value: string; readonly label: string; readonly isChosen: boolean }[]
  /** What is wrong with it; empty: nothing. */
  readonly problem: string
}

/** Fields that belong together, as `partials/field-groups` prints them. */
export interface FieldGroup {
  readonly legend: string
  readonly fields: readonly FormField[]
  /** Folded away until something is wrong with it. */
  readonly isExtra: boolean
  readonly isOpen: boolean
}

export function fieldGroup(legend: string, fields: readonly FormField[], isExtra = false): FieldGroup {
  return { legend, fields, isExtra, isOpen: fields.some(({ problem }) => problem !== '') }
}

type FieldOptions = Partial<Pick<FormField, 'help' | 'isRequired' | 'inputType' | 'rows' | 'problem'>>

export function textField(name: string, label: string, value: string, options: FieldOptions = {}): FormField {
  const { inputType = 'text' } = options
  return {
    ...plain('text', name, label),
    value,
    ...options,
    isText: inputType === 'text',
    isPassword: inputType === 'password',
  }
}

/** One value a line. */
export function linesField(
  name: string,
  label: string,
  values: readonly string[],
  options: FieldOptions = {},
): FormField {
  return { ...plain('lines', name, label), value: values.join('\n'), ...options }
}

export function choiceField(
  name: string,
  label: string,
  chosen: string,
  choices: readonly (readonly [value: string, label: string])[],
  options: FieldOptions = {},
): FormField {
  const shown = choices.map(([value, text]) => ({ value, label: text, isChosen: value === chosen }))
  return { ...plain('choice', name, label), value: chosen, choices: shown, ...options }
}

/** Sent as `yes`, or not at all. */
export function tickField(name: string, label: string, isTicked: boolean, options: FieldOptions = {}): FormField {
  return { ...plain('tick', name, label), isTicked, ...options }
}

function plain(kind: string, name: string, label: string): FormField {
  return {
    partial: `partials/fields/${kind}`,
    name,
    label,
    help: '',
    value: '',
    isTicked: false,
    isRequired: false,
    inputType: 'text',
    isText: true,
    isPassword: false,
    rows: 3,
    choices: [],
    problem: '',
  }
}

/** Lines of a field, without blanks around them and without empty ones. */
export function linesOf(text: string): readonly string[] {
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
}
