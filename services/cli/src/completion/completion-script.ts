/** The completion scripts of rankctl. */

import type { Command } from 'commander';
import { bashCompletion } from './bash.js';
import { fishCompletion } from './fish.js';
import { zshCompletion } from './zsh.js';

/** A verb, or rankctl itself, as a shell completes it. */
export interface Completable {
  readonly name: string;
  readonly description: string;
  readonly options: readonly CompletableOption[];
  /** The names of its arguments. */
  readonly arguments: readonly string[];
  /** Whether its first argument is the name of a member. */
  readonly takesMember: boolean;
  /** The possible values of its first argument, if there are few. */
  readonly choices: readonly string[];
  /** Whether a program and its arguments follow after `--`. */
  readonly takesProgram: boolean;
}

/** An option, as a shell completes it. */
export interface CompletableOption {
  /** For example `--watch` and `-w`. */
  readonly flags: readonly string[];
  readonly description: string;
  readonly takesValue: boolean;
}

const writers = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;

/** The shells with a completion script. */
export const shells = ['bash', 'zsh', 'fish'] as const;

/** A shell with a completion script. */
export type Shell = (typeof shells)[number];

/** Returns the script that completes every verb, every option, and the names of members in this shell. */
export function completionScript(shell: Shell, program: Command): string {
  const shared = optionsOf(program);
  const verbs = program.commands.map(command => {
    const names = command.registeredArguments.map(argument => argument.name());
    return {
      name: command.name(),
      description: command.description(),
      options: [...optionsOf(command), ...shared, helpFlag],
      arguments: names.map(each => each.toLowerCase()),
      takesMember: names[0] === 'MEMBER',
      choices: command.registeredArguments[0]?.argChoices ?? [],
      takesProgram: command.registeredArguments.at(-1)?.variadic === true,
    };
  });
  const help = {
    name: 'help',
    description: 'print the help of a verb',
    options: [],
    arguments: ['verb'],
    takesMember: false,
    choices: [],
    takesProgram: false,
  };
  return writers[shell]([...verbs, help]);
}

/** The options with a value, of rankctl and of every verb. The word after such an option is its value. */
export function valueFlags(verbs: readonly Completable[]): string[] {
  const all = verbs.flatMap(({ options }) => options.filter(({ takesValue }) => takesValue));
  return [...new Set(all.flatMap(({ flags }) => flags))];
}

const helpFlag: CompletableOption = { flags: ['--help'], description: 'print this help', takesValue: false };

function optionsOf(command: Command): CompletableOption[] {
  return command.options
    .filter(({ long, hidden }) => long !== '--version' && !hidden)
    .map(({ long, short, description, required }) => ({
      flags: [long, short].filter(flag => flag !== undefined),
      description,
      takesValue: required,
    }));
}
