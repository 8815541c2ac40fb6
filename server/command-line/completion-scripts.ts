import type { OfferedValue, OfferedWords } from './completion-words.ts'

export const shells = ['bash', 'zsh', 'fish'] as const

/** A completion script for a shell; it asks the program nothing when it runs. */
export function completionScript(shell: (typeof shells)[number], words: readonly OfferedWords[]): string {
  return { bash: bashScript, zsh: zshScript, fish: fishScript }[shell](words)
}

// In all three a place is the path of a command with a space before each of its words, and '' is the program itself.

function bashScript(words: readonly OfferedWords[]): string {
  const offer = (value: OfferedValue) =>
    value === 'file'
      ? 'mapfile -t COMPREPLY < <(compgen -f -- "$cur"); compopt -o filenames 2> /dev/null'
      : value === 'anything'
        ? ':'
        : `offered=${quoted(value.join(' '))}`
  return `# bash completion of rosterd, made by "rosterd completion bash"
_rosterd() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} at='' word='' offered='' i count=0
  COMPREPLY=()
  # "--format=csv" comes as three words.
  if [[ $cur == = ]]; then cur=''; elif [[ $prev == = ]]; then prev=\${COMP_WORDS[COMP_CWORD - 2]}; fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    case "$at $word" in
${placeCases(words, 'at="$at $word"; count=0', '[[ ${COMP_WORDS[i + 1]} == = ]] && i=$((i + 1)); i=$((i + 1))')}
    esac
  done
  case "$at $prev" in
${optionValueCases(words, (value) => `${offer(value)}; prev=''`)}
    *) prev=none ;;
  esac
  if [[ $prev == none && $cur == -* ]]; then
    case "$at" in
${cases(words.map(({ path, options }) => [[place(path)], `offered=${quoted(options.flatMap(({ names }) => names).join(' '))}`]))}
    esac
  elif [[ $prev == none ]]; then
    case "$at $count" in
${cases(words.filter(hasCommands).map(({ path, commands }) => [[`${place(path)} 0`], `offered=${quoted(commands.map(({ name }) => name).join(' '))}`]))}
${argumentCases(words, offer)}
    esac
  fi
  [[ -n $offered ]] && mapfile -t COMPREPLY < <(compgen -W "$offered" -- "$cur")
  return 0
}
complete -F _rosterd rosterd
`
}

function zshScript(words: readonly OfferedWords[]): string {
  const described = (items: readonly { readonly name: string; readonly description: string }[]) =>
    items.map(({ name, description }) => quoted(`${name}:${description}`)).join(' ')
  const offer = (value: OfferedValue) =>
    value === 'file' ? '_files' : value === 'anything' ? ':' : `compadd -- ${value.map(quoted).join(' ')}`
  return `#compdef rosterd
# zsh completion of rosterd, made by "rosterd completion zsh"
_rosterd() {
  local cur=\${words[CURRENT]} prev=\${words[CURRENT - 1]} at='' word='' i count=0
  local -a offered
  for ((i = 2; i < CURRENT; i++)); do
    word=\${words[i]}
    case "$at $word" in
${placeCases(words, 'at="$at $word"; count=0', 'i=$((i + 1))')}
    esac
  done
  case "$at $prev" in
${optionValueCases(words, (value) => `${offer(value)}; return`)}
  esac
  if [[ $cur == -* ]]; then
    case "$at" in
${cases(
  words.map(({ path, options }) => [
    [place(path)],
    `offered=(${described(options.flatMap(({ names, description }) => names.map((name) => ({ name, description }))))})`,
  ]),
)}
    esac
  else
    case "$at $count" in
${cases(words.filter(hasCommands).map(({ path, commands }) => [[`${place(path)} 0`], `offered=(${described(commands)})`]))}
${argumentCases(words, offer)}
    esac
  fi
  (( \${#offered} )) && _describe rosterd offered
}
if [[ \${funcstack[1]} == _rosterd ]]; then _rosterd "$@"; else compdef _rosterd rosterd; fi
`
}

function fishScript(words: readonly OfferedWords[]): string {
  const offer = (value: OfferedValue) =>
    value === 'file' ? '-r -F' : value === 'anything' ? '-x' : `-x -a ${fishQuoted(value.join(' '))}`
  const at = (path: string, count?: number) =>
    `complete -c rosterd -n ${fishQuoted(`__rosterd_at ${fishQuoted(place(path))}${count === undefined ? '' : ` ${count}`}`)}`
  const lines = words.flatMap(({ path, commands, options, values }) => [
    ...commands.map(({ name, description }) => `${at(path, 0)} -a ${fishQuoted(name)} -d ${fishQuoted(description)}`),
    ...values.flatMap((value, index) => (value === 'anything' ? [] : [`${at(path, index)} ${fishArgument(value)}`])),
    ...options.map(({ names, description, value }) => {
      const flags = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`))
      return `${at(path)} ${flags.join(' ')} ${value === null ? '' : `${offer(value)} `}-d ${fishQuoted(description)}`
    }),
  ])
  const casesOf = (texts: readonly string[]) => texts.map((text) => fishQuoted(text)).join(' ')
  return `# fish completion of rosterd, made by "rosterd completion fish"
function __rosterd_at
  set -l at ''
  set -l count 0
  set -l skip 0
  for word in (commandline -opc)[2..-1]
    if test $skip = 1
      set skip 0
      continue
    end
    switch "$at $word"
      case ${casesOf(placesOf(words))}
        set at "$at $word"
        set count 0
      case ${casesOf(namesWithValue(words))}
        set skip 1
      case '* -*'
      case '*'
        set count (math $count + 1)
    end
  end
  test "$at" = "$argv[1]"; and begin
    not set -q argv[2]; or test $count = $argv[2]
  end
end
complete -c rosterd -f
${lines.join('\n')}
`
}

function fishArgument(value: Exclude<OfferedValue, 'anything'>): string {
  return value === 'file' ? '-F' : `-a ${fishQuoted(value.join(' '))}`
}

function hasCommands({ commands }: OfferedWords): boolean {
  return commands.length > 0
}

function place(path: string): string {
  return path === '' ? '' : ` ${path}`
}

function placesOf(words: readonly OfferedWords[]): readonly string[] {
  return words.flatMap(({ path }) => (path === '' ? [] : [place(path)]))
}

function namesWithValue(words: readonly OfferedWords[]): readonly string[] {
  return words.flatMap(({ path, options }) =>
    options.flatMap(({ names, value }) => (value === null ? [] : names.map((name) => `${place(path)} ${name}`))),
  )
}

/** Where a word leads: to another place, past the value of an option, or to the next argument. */
function placeCases(words: readonly OfferedWords[], toPlace: string, pastValue: string): string {
  return [
    ...cases([
      [placesOf(words), toPlace],
      [namesWithValue(words), pastValue],
    ]).split('\n'),
    "    *' -'*) ;;",
    '    *) count=$((count + 1)) ;;',
  ].join('\n')
}

function optionValueCases(words: readonly OfferedWords[], then: (value: OfferedValue) => string): string {
  const taken = words.flatMap(({ path, options }) =>
    options.flatMap(({ names, value }) =>
      value === null ? [] : [{ names: names.map((name) => `${place(path)} ${name}`), action: then(value) }],
    ),
  )
  const alike = Map.groupBy(taken, ({ action }) => action)
  return cases(Array.from(alike, ([action, members]) => [members.flatMap(({ names }) => names), action] as const))
}

function argumentCases(words: readonly OfferedWords[], then: (value: OfferedValue) => string): string {
  return cases(
    words.flatMap(({ path, values }) =>
      values.flatMap((value, index): [string[], string][] =>
        value === 'anything' ? [] : [[[`${place(path)} ${index}`], then(value)]],
      ),
    ),
  )
}

function cases(rows: readonly (readonly [patterns: readonly string[], then: string])[]): string {
  return rows.map(([patterns, then]) => `    ${patterns.map(quoted).join(' | ')}) ${then} ;;`).join('\n')
}

/** For bash and zsh. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

function fishQuoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
