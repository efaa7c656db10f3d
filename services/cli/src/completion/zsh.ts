import type { Completable, CompletableOption } from './completion-script.js';

/** Returns the completion script for zsh. */
export function zshCompletion(verbs: readonly Completable[]): string {
  const shared = ['--url', '--group', '--token'];
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
  local at=2
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
  if [[ "$words[CURRENT-1]" == -- && "$words[2]" == (${membersOf.join('|')}) ]]; then
    rankctl_dashes=(--after-dashes)
    _rankctl_members
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
  const { name, options, takesMember, choices } = verb;
  const position = takesMember ? ["'2:member:_rankctl_members'"] : [];
  const shells = name === 'completion' ? ["'2:shell:(bash zsh fish)'"] : [];
  const values = choices.length > 0 ? [`'2:value:(${choices.join(' ')})'`] : [];
  const specs = [...options.flatMap(specsOf), ...position, ...shells, ...values];
  return `    ${name}) _arguments ${specs.join(' ')} ;;`;
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
