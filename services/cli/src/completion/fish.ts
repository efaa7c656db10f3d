import { type Completable, type CompletableOption, valueFlags } from './completion-script.js';

/** Returns the completion script for fish. */
export function fishCompletion(verbs: readonly Completable[]): string {
  const members = verbs.filter(({ takesMember }) => takesMember).map(({ name }) => name);
  const withChoices = verbs.filter(({ choices }) => choices.length > 0);
  return `# fish completion of rankctl: rankctl completion fish > ~/.config/fish/completions/rankctl.fish
function __rankctl_members
    set -l dashes
    contains -- -- (commandline -opc); and set dashes --after-dashes
    set -l line (commandline -pc | string join ' ')
    rankctl completion fish --members= --line="$line" $dashes 2>/dev/null
end
# Prints the verb of the line. Fails if there is none yet. The word after an option with a value is no verb.
function __rankctl_verb
    set -l is_value 0
    for word in (commandline -opc)[2..-1]
        if test $is_value = 1
            set is_value 0
            continue
        end
        switch $word
            case ${valueFlags(verbs).join(' ')}
                set is_value 1
            case '-*'
            case '*'
                echo -- $word
                return 0
        end
    end
    return 1
end
complete -c rankctl -f
${verbs.map(({ name, description }) => `complete -c rankctl -n 'not __rankctl_verb >/dev/null' -a ${name} -d ${quoted(description)}`).join('\n')}
${verbs.flatMap(({ name, options }) => options.map(option => lineOf(name, option))).join('\n')}
complete -c rankctl -n 'contains -- (__rankctl_verb; or echo none) ${members.join(' ')}' -a '(__rankctl_members)'
complete -c rankctl -n 'test (__rankctl_verb; or echo none) = completion' -a 'bash zsh fish'
${withChoices.map(({ name, choices }) => `complete -c rankctl -n 'test (__rankctl_verb; or echo none) = ${name}' -a '${choices.join(' ')}'`).join('\n')}
`;
}

function lineOf(verb: string, { flags, description, takesValue }: CompletableOption): string {
  const names = flags.map(flag => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`)).join(' ');
  return `complete -c rankctl -n 'test (__rankctl_verb; or echo none) = ${verb}' ${names}${takesValue ? ' -x' : ''} -d ${quoted(description)}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
