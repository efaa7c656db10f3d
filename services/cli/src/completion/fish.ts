import type { Completable, CompletableOption } from './completion-script.js';

/** Returns the completion script for fish. */
export function fishCompletion(verbs: readonly Completable[]): string {
  const members = verbs.filter(({ takesMember }) => takesMember).map(({ name }) => name);
  return `# fish completion of rankctl: rankctl completion fish > ~/.config/fish/completions/rankctl.fish
function __rankctl_members
    set -l dashes
    contains -- -- (commandline -opc); and set dashes --after-dashes
    rankctl completion fish --members= $dashes 2>/dev/null
end
complete -c rankctl -f
${verbs.map(({ name, description }) => `complete -c rankctl -n __fish_use_subcommand -a ${name} -d ${quoted(description)}`).join('\n')}
${verbs.flatMap(({ name, options }) => options.map(option => lineOf(name, option))).join('\n')}
complete -c rankctl -n '__fish_seen_subcommand_from ${members.join(' ')}' -a '(__rankctl_members)'
complete -c rankctl -n '__fish_seen_subcommand_from completion' -a 'bash zsh fish'
`;
}

function lineOf(verb: string, { flags, description, takesValue }: CompletableOption): string {
  const names = flags.map(flag => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`)).join(' ');
  return `complete -c rankctl -n '__fish_seen_subcommand_from ${verb}' ${names}${takesValue ? ' -x' : ''} -d ${quoted(description)}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
