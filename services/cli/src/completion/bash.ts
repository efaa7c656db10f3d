import type { Completable } from './completion-script.js';

/**
 * Returns the completion script for bash 3.2 and later. Bash evaluates, splits and globs no text of the script a second time: the
 * script uses neither `compgen -W` nor an unquoted expansion.
 */
export function bashCompletion(verbs: readonly Completable[]): string {
  const flagsOf = ({ options }: Completable): string => options.flatMap(({ flags }) => flags).join(' ');
  const names = verbs.map(({ name }) => name).join(' ');
  const membersOf = verbs.filter(({ takesMember }) => takesMember).map(({ name }) => name);
  return `# bash completion of rankctl: source <(rankctl completion bash)
_rankctl() {
  local word="\${COMP_WORDS[COMP_CWORD]}" verb='' dashes='' line='' replaced each at
  local first=$COMP_CWORD verb_at=0 place
  local -a words
  words=()
  COMPREPLY=()
  for ((at = 1; at < COMP_CWORD; at++)); do
    case "\${COMP_WORDS[at]}" in
${verbs.map(({ name }) => `      ${name}) verb=${name} verb_at=$at; break ;;`).join('\n')}
    esac
  done
  # Readline also ends a word at : = and @. Join the parts that have no space between them.
  [[ -n "\${COMP_LINE-}" ]] && line="\${COMP_LINE:0:COMP_POINT}"
  while ((first > verb_at + 1)) && [[ "$line" == *"\${COMP_WORDS[first - 1]}$word" ]]; do
    first=$((first - 1))
    word="\${COMP_WORDS[first]}$word"
  done
  replaced="\${2-$word}"
  [[ "$word" == *"$replaced" ]] || replaced="$word"
  place=$((first - verb_at))
  if ((place > 1)) && [[ "\${COMP_WORDS[verb_at + 1]}" == -- ]]; then
    dashes=--after-dashes
    place=$((place - 1))
  fi
  if [[ -z "$dashes" && "$word" == -* ]]; then
    case "$verb" in
${verbs.map(verb => `      ${verb.name}) words=(${flagsOf(verb)}) ;;`).join('\n')}
      *) words=(--url --group --token --json --help --version) ;;
    esac
  elif [[ "$verb" == '' ]]; then
    words=(${names})
  elif ((place == 1)); then
    case "$verb" in
      completion) words=(bash zsh fish) ;;
      help) words=(${names}) ;;
      ${membersOf.join('|')})
        while IFS= read -r each; do
          [[ -n "$each" ]] && COMPREPLY+=("$each")
        done <<<"$(rankctl completion bash --members="$replaced" --kept="\${word:0:\${#word}-\${#replaced}}" \${dashes:+"$dashes"} 2>/dev/null)"
        return ;;
    esac
  fi
  # Before bash 4.4 an empty array counts as unset, which \`set -u\` forbids.
  ((\${#words[@]} > 0)) || return 0
  for each in "\${words[@]}"; do
    [[ "$each" == "$word"* ]] && COMPREPLY+=("$each")
  done
}
complete -F _rankctl rankctl
`;
}
