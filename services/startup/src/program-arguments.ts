/** The command line of a program that is configured with environment variables only: `--help` and `--version`. */

import type { TObject, TSchema } from '@sinclair/typebox';
import { printable } from '@rankd/protocol/printable';
import { standardOutput } from './logger.js';
import { isKnownName, nearestName } from './variables/known-variables.js';
import { writeStandardError } from './standard-error.js';

/** What the help text of a program says. */
export interface ProgramDescription {
  readonly name: string;
  /** The command that starts it. */
  readonly command: string;
  /** What the program does, in one or two sentences. */
  readonly about: string;
  readonly schema: TObject;
  /** The names of the settings by the title of their group. A name that is not in the schema is ignored. */
  readonly groups: Readonly<Record<string, readonly string[]>>;
  readonly exitCodes: Readonly<Record<number, string>>;
}

/** The answer to the arguments of a program. */
export type ArgumentsAnswer =
  | { readonly kind: 'start' }
  | { readonly kind: 'print'; readonly text: string }
  | { readonly kind: 'refuse'; readonly text: string };

/** The exit code for unknown arguments. */
const USAGE_EXIT_CODE = 2;

/**
 * Prints the help or the version and ends the process. Ends it with exit code 2 for an unknown argument. Returns if there are no arguments.
 */
export function answerArguments(program: ProgramDescription, version: string, args: readonly string[]): void {
  const answer = parseArguments(program, version, args);
  if (answer.kind === 'start') return;
  if (answer.kind === 'refuse') {
    writeStandardError(answer.text);
    process.exit(USAGE_EXIT_CODE);
  }
  standardOutput().write(`${answer.text}\n`);
  process.exit(0);
}

/** Returns what to do for the arguments. Only the first argument counts. */
export function parseArguments(program: ProgramDescription, version: string, args: readonly string[]): ArgumentsAnswer {
  const [first] = args;
  if (first === undefined) return { kind: 'start' };
  const unknown = args.find(argument => !['--help', '-h', '--version', '-V'].includes(argument));
  if (unknown !== undefined) return { kind: 'refuse', text: refusalOf(program, unknown) };
  const text = ['--help', '-h'].includes(first) ? helpText(program) : `${program.name} ${version}`;
  return { kind: 'print', text };
}

function refusalOf({ name, command, schema }: ProgramDescription, argument: string): string {
  const variable = `RANKD_${(argument.replace(/^-+/, '').split('=', 1)[0] ?? '').toUpperCase().replaceAll('-', '_')}`;
  const meant = isKnownName(variable) ? variable : nearestName(variable);
  const hint = meant !== undefined && meant in schema.properties ? `; did you mean the variable ${meant}?` : '';
  return `${name}: unknown argument ${printable(JSON.stringify(argument))}: settings are environment variables${hint}\nUsage: ${command} [--help | --version]`;
}

/** Returns the help text. */
export function helpText({ command, about, schema, groups, exitCodes }: ProgramDescription): string {
  const sections = Object.entries(groups).map(([title, names]) => {
    const known = names.flatMap(name => lineOf(name, schema.properties[name]));
    return `${title}:\n${known.join('\n')}`;
  });
  const codes = Object.entries(exitCodes).map(([code, meaning]) => `  ${code.padStart(2)}  ${meaning}`);
  return [
    `Usage: ${command} [--help | --version]`,
    about,
    'Settings are environment variables, and lines of .env in the working directory. Environment variables win. A blank variable counts\nas not set. For a secret X, X_FILE may name a file that contains it. docs/configuration.md has the allowed values.',
    ...sections,
    `Exit codes:\n${codes.join('\n')}`,
  ].join('\n\n');
}

function lineOf(name: string, field: TSchema | undefined): string[] {
  if (field === undefined) return [];
  const value: unknown = field.default;
  const shown = typeof value === 'boolean' ? Number(value) : ((value as string | number | undefined) ?? 'none');
  return [`  ${name} (${field['secret'] === true ? 'secret' : shown})\n      ${field.description ?? ''}`];
}
