/** The completion script for fish. */

import { type Completable, type CompletableOption, valueFlags } from './completion-script.js';

/** Returns the completion script for fish. */
export function fishCompletion(verbs: readonly Completable[]): string {
  const programs = verbs.filter(({ takesProgram }) => takesProgram).map(({ name }) => name);
  const members = verbs.filter(({ takesMember }) => takesMember).map(({ name }) => name);
  const withChoices = verbs.filter(({ choices }) => choices.length > 0);
  return `# fish completion of rankctl: rankctl completion fish > ~/.config/fish/completions/rankctl.fish
function __rankctl_members
    set -l dashes
    contains -- -- (commandline -opc); and set dashes --after-dashes
    set -l line (commandline -pc | string join ' ')
    rankctl completion fish --members= --line="$line" $dashes 2>/dev/null
end
# Prints the verb and its arguments before the typed word, one a line. The word after an option with a value is none of them.
function __rankctl_words
    set -l is_value 0
    set -l dashes 0
    for word in (commandline -opc)[2..-1]
        if test $is_value = 1
            set is_value 0
        else if test $dashes = 1
            string escape -- $word
        else if test "$word" = --
            set dashes 1
        else
            switch $word
                case ${valueFlags(verbs).join(' ')}
                    set is_value 1
                case '-*'
                case '*'
                    string escape -- $word
            end
        end
    end
end
# Prints the verb of the line. Fails if there is none yet.
function __rankctl_verb
    set -l words (__rankctl_words)
    test (count $words) -gt 0; and echo -- $words[1]
end
# Succeeds if the typed word is the first argument of one of these verbs.
function __rankctl_completes_argument
    set -l words (__rankctl_words)
    test (count $words) = 1; and contains -- $words[1] $argv
end
# Succeeds if a program and its arguments follow after \`--\`.
function __rankctl_runs_program
    contains -- -- (commandline -opc); and contains -- (__rankctl_verb; or echo none) $argv
end
# Completes the words after \`--\` as a command line.
function __rankctl_program
    set -l words (commandline -opc)
    set -e words[1..(contains -i -- -- $words)]
    complete -C (string join ' ' -- (string escape -- $words) (commandline -ct))
end
complete -c rankctl -f
${verbs.map(({ name, description }) => `complete -c rankctl -n 'not __rankctl_verb >/dev/null' -a ${name} -d ${quoted(description)}`).join('\n')}
${verbs.flatMap(({ name, options }) => options.map(option => lineOf(name, option))).join('\n')}
complete -c rankctl -n '__rankctl_completes_argument ${members.join(' ')}' -a '(__rankctl_members)'
complete -c rankctl -n '__rankctl_completes_argument completion' -a 'bash zsh fish'
${withChoices.map(({ name, choices }) => `complete -c rankctl -n '__rankctl_completes_argument ${name}' -a '${choices.join(' ')}'`).join('\n')}
complete -c rankctl -n '__rankctl_runs_program ${programs.join(' ')}' -a '(__rankctl_program)'
`;
}

function lineOf(verb: string, { flags, description, takesValue }: CompletableOption): string {
  const names = flags.map(flag => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`)).join(' ');
  return `complete -c rankctl -n 'test (__rankctl_verb; or echo none) = ${verb}' ${names}${takesValue ? ' -x' : ''} -d ${quoted(description)}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
