import type { Completable, CompletableOption } from './completion-script.js';

/** Returns the completion script for zsh. */
export function zshCompletion(verbs: readonly Completable[]): string {
  const membersOf = verbs.filter(({ takesMember }) => takesMember).map(({ name }) => name);
  return `#compdef rankctl
# zsh completion of rankctl: rankctl completion zsh > "\${fpath[1]}/_rankctl"
# Within quotes nothing is split or globbed, and compadd quotes what it inserts.
_rankctl_members() {
  local -a names
  names=("\${(@f)$(rankctl completion zsh --members= "\${rankctl_dashes[@]}" 2>/dev/null)}")
  names=("\${(@)names:#}")
  compadd -a -- names
}
_rankctl() {
  local -a verbs rankctl_dashes
  verbs=(
${verbs.map(({ name, description }) => `    ${quoted(`${name}:${description}`)}`).join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe verb verbs
    return
  fi
  if (( CURRENT == 4 )) && [[ "$words[3]" == -- && "$words[2]" == (${membersOf.join('|')}) ]]; then
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
  const { name, options, takesMember } = verb;
  const position = takesMember ? ["'2:member:_rankctl_members'"] : [];
  const shells = name === 'completion' ? ["'2:shell:(bash zsh fish)'"] : [];
  const specs = [...options.flatMap(specsOf), ...position, ...shells];
  return `    ${name}) _arguments ${specs.join(' ')} ;;`;
}

function specsOf({ flags, description, takesValue }: CompletableOption): string[] {
  const text = description.replaceAll(/[[\]:]/g, ' ');
  return flags.map(flag => quoted(`${flag}[${text}]${takesValue ? ':value:' : ''}`));
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
