import type { Completable } from '../completion-script.js';

export function bashCompletion(verbs: readonly Completable[]): string {
  const flagsOf = ({ options }: Completable): string => options.flatMap(({ flags }) => flags).join(' ');
  const membersOf = verbs.filter(({ takesMember }) => takesMember).map(({ name }) => name);
  return `# bash completion of rankctl: source <(rankctl completion bash)
_rankctl() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" verb='' words='' at
  for ((at = 1; at < COMP_CWORD; at++)); do
    case "\${COMP_WORDS[at]}" in
${verbs.map(({ name }) => `      ${name}) verb=${name}; break ;;`).join('\n')}
    esac
  done
  case "$verb" in
    '') words='${verbs.map(({ name }) => name).join(' ')}' ;;
    completion) words='bash zsh fish' ;;
    help) words='${verbs.map(({ name }) => name).join(' ')}' ;;
  esac
  if [[ "$word" == -* ]]; then
    case "$verb" in
${verbs.map(verb => `      ${verb.name}) words='${flagsOf(verb)}' ;;`).join('\n')}
      *) words='--url --group --token --json --help --version' ;;
    esac
  elif [[ "$before" == "$verb" ]]; then
    case "$verb" in
      ${membersOf.join('|')}) words="$(rankctl ls --json 2>/dev/null | grep -oE '"name":"[^" ]+"' | cut -d'"' -f4)" ;;
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -F _rankctl rankctl
`;
}
