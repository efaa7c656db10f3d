/** The completion script for zsh. */

import { type Completable, type CompletableOption, valueFlags } from './completion-script.js';

/** Returns the completion script for zsh. */
export function zshCompletion(verbs: readonly Completable[]): string {
  const shared = ['--url', '--group', '--token'];
  const programsOf = verbs.filter(({ takesProgram }) => takesProgram).map(({ name }) => name);
  const membersOf = verbs.filter(({ takesMember }) => takesMember).map(({ name }) => name);
  return `#compdef rankctl
# zsh completion of rankctl: rankctl completion zsh > "\${fpath[1]}/_rankctl"
# Within quotes nothing is split or globbed, and compadd quotes what it inserts.
_rankctl_members() {
  local -a names
  names=("\${(@f)$(rankctl completion zsh --members= --line="\${(j: :)rankctl_line}" "\${rankctl_dashes[@]}" 2>/dev/null)}")
  names=("\${(@)names:#}")
  compadd -a -- names
}
_rankctl() {
  local -a verbs rankctl_dashes rankctl_line
  local at=2 arguments=0 is_value=0 each
  verbs=(
${verbs.map(({ name, description }) => `    ${quoted(`${name}:${description}`)}`).join('\n')}
  )
  rankctl_line=("\${(@)words[1,CURRENT-1]}")
  # Options may precede the verb.
  while (( at < CURRENT )); do
    case "$words[at]" in
      ${shared.join('|')}) (( at += 2 )) ;;
      -*) (( at += 1 )) ;;
      *) break ;;
    esac
  done
  # This word is the value of an option.
  (( at <= CURRENT )) || return 1
  if (( at == CURRENT )); then
    _describe verb verbs
    return
  fi
  words=(rankctl "\${(@)words[at,-1]}")
  (( CURRENT -= at - 2 ))
  # After \`--\` each word is an argument. _arguments would count \`--\` as one.
  for each in "\${(@)words[3,CURRENT-1]}"; do
    if (( is_value )); then is_value=0
    elif (( \${#rankctl_dashes} )); then (( arguments += 1 ))
    elif [[ "$each" == -- ]]; then rankctl_dashes=(--after-dashes)
    elif [[ "$each" == (${valueFlags(verbs).join('|')}) ]]; then is_value=1
    elif [[ "$each" != -* ]]; then (( arguments += 1 ))
    fi
  done
  if (( \${#rankctl_dashes} )) && [[ "$words[2]" == (${programsOf.join('|')}) ]]; then
    at=$words[(ie)--]
    words=("\${(@)words[at+1,-1]}")
    (( CURRENT -= at ))
    _normal
    return
  fi
  if (( \${#rankctl_dashes} )); then
    (( arguments == 0 )) && [[ "$words[2]" == (${membersOf.join('|')}) ]] && _rankctl_members
    return
  fi
  case "$words[2]" in
${verbs.map(caseOf).join('\n')}
  esac
}
if [ "$funcstack[1]" = "_rankctl" ]; then
  _rankctl "$@"
else
  compdef _rankctl rankctl
fi
`;
}

function caseOf(verb: Completable): string {
  const { name, options } = verb;
  const specs = [...options.flatMap(specsOf), ...verb.arguments.map((_, at) => quoted(argumentSpec(verb, at)))];
  return `    ${name}) _arguments ${specs.join(' ')} ;;`;
}

/** Returns what completes an argument. A space as the action completes nothing: otherwise zsh would offer the options. */
function argumentSpec({ name, takesMember, choices, arguments: all }: Completable, at: number): string {
  const first = takesMember
    ? '_rankctl_members'
    : name === 'completion'
      ? '(bash zsh fish)'
      : choices.length > 0
        ? `(${choices.join(' ')})`
        : ' ';
  return `${at + 2}:${all[at] ?? ''}:${at === 0 ? first : ' '}`;
}

function specsOf({ flags, description, takesValue }: CompletableOption): string[] {
  const text = description.replaceAll(/[[\]:]/g, ' ');
  // With `=` the value may follow in the same word or in the next one.
  const ending = (flag: string): string => (takesValue && flag.startsWith('--') ? '=' : '');
  return flags.map(flag => quoted(`${flag}${ending(flag)}[${text}]${takesValue ? ':value:' : ''}`));
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
