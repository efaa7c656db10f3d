/** The completion script for bash. */

import { type Completable, valueFlags } from './completion-script.js';

/**
 * Returns the completion script for bash 3.2 and later. Bash evaluates, splits and globs no text of the script a second time: the
 * script uses neither `compgen -W` nor an unquoted expansion.
 */
export function bashCompletion(verbs: readonly Completable[]): string {
  const flagsOf = ({ options }: Completable): string => options.flatMap(({ flags }) => flags).join(' ');
  const names = verbs.map(({ name }) => name).join(' ');
  const programsOf = verbs.filter(({ takesProgram }) => takesProgram).map(({ name }) => name);
  const membersOf = verbs.filter(({ takesMember }) => takesMember).map(({ name }) => name);
  const withChoices = verbs.filter(({ choices }) => choices.length > 0);
  return `# bash completion of rankctl: source <(rankctl completion bash)
_rankctl() {
  local verb='' dashes='' value='' line='' rest word replaced each at IFS=' '
  local arguments=0 after=0
  local -a words whole
  words=()
  whole=()
  COMPREPLY=()
  # Readline also ends a word at : = and @. Join the parts that have no space between them.
  [[ -n "\${COMP_LINE-}" ]] && line="\${COMP_LINE:0:COMP_POINT}"
  rest="$line"
  for ((at = 0; at <= COMP_CWORD; at++)); do
    each="\${COMP_WORDS[at]}"
    if ((at > 0)) && [[ -n "$line" && "$rest" != [[:space:]]* ]]; then
      whole[\${#whole[@]} - 1]="\${whole[\${#whole[@]} - 1]}$each"
    else
      whole+=("$each")
    fi
    rest="\${rest#"\${rest%%[![:space:]]*}"}"
    rest="\${rest#"$each"}"
  done
  word="\${whole[\${#whole[@]} - 1]}"
  replaced="\${2-$word}"
  [[ "$word" == *"$replaced" ]] || replaced="$word"
  for ((at = 1; at < \${#whole[@]} - 1; at++)); do
    each="\${whole[at]}"
    if [[ -n "$value" ]]; then
      value=''
    elif [[ -z "$dashes" && "$each" == -- ]]; then
      dashes=--after-dashes
    elif [[ -z "$dashes" && "$each" == -* ]]; then
      case "$each" in
        ${valueFlags(verbs).join('|')}) value=1 ;;
      esac
    elif [[ -z "$verb" ]]; then
      verb="$each"
    else
      arguments=$((arguments + 1))
      [[ -z "$dashes" ]] || after=$((after + 1))
    fi
  done
  # This word is the value of an option.
  [[ -z "$value" ]] || return 0
  if [[ -n "$dashes" ]]; then
    case "$verb" in
      ${programsOf.join('|')})
        # A program follows. Readline completes the names of files.
        compopt -o default -o bashdefault 2>/dev/null
        if ((after == 0)) && [[ -n "$word" && "$word" != */* ]]; then
          while IFS= read -r each; do
            [[ -n "$each" ]] && COMPREPLY+=("$each")
          done <<<"$(compgen -c -- "$word" 2>/dev/null)"
        fi
        return 0 ;;
    esac
  fi
  if [[ -z "$dashes" && "$word" == -* ]]; then
    case "$verb" in
${verbs.map(verb => `      ${verb.name}) words=(${flagsOf(verb)}) ;;`).join('\n')}
      *) words=(--url --group --token --json --help --version) ;;
    esac
  elif [[ "$verb" == '' ]]; then
    words=(${names})
  elif ((arguments == 0)); then
    case "$verb" in
      completion) words=(bash zsh fish) ;;
      help) words=(${names}) ;;
${withChoices.map(({ name, choices }) => `      ${name}) words=(${choices.join(' ')}) ;;`).join('\n')}
      ${membersOf.join('|')})
        while IFS= read -r each; do
          [[ -n "$each" ]] && COMPREPLY+=("$each")
        done <<<"$(rankctl completion bash --members="$replaced" --kept="\${word:0:\${#word}-\${#replaced}}" --line="\${whole[*]}" \${dashes:+"$dashes"} 2>/dev/null)"
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
