/** Parses the lines that a user types in `rankctl attach`. */

import { checkCommandName, checkJson } from '../check-arguments.js';
import { UsageError } from '../errors.js';
import { parseInteger } from '../parse-integer.js';

/** A line that was typed. */
export type ParsedInput =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'ask'; readonly what: 'help' | 'ls' | 'resign' | 'quit' }
  | {
      readonly kind: 'order';
      readonly name: string;
      readonly argsJson: string | undefined;
      readonly to: string;
      readonly deadlineMs: number | undefined;
    };

const queries = new Map([
  ['/help', 'help'],
  ['/ls', 'ls'],
  ['/resign', 'resign'],
  ['/quit', 'quit'],
] as const);

/**
 * Parses `/help`, `/ls`, `/resign`, `/quit`, or a command: `NAME [JSON] [--to below|all|RANKS] [--deadline MS]`.
 * @throws UsageError
 */
export function parseInput(line: string): ParsedInput {
  const text = line.trim();
  if (text === '') return { kind: 'nothing' };
  if (text.startsWith('/')) return askOf(text);
  const options = new Map<string, string>();
  let rest = text;
  for (let found = optionAtEnd(rest); found !== undefined; found = optionAtEnd(rest)) {
    options.set(found.name, found.value);
    rest = found.rest;
  }
  const nameEnd = rest.search(/\s/);
  const name = nameEnd === -1 ? rest : rest.slice(0, nameEnd);
  const args = nameEnd === -1 ? undefined : rest.slice(nameEnd).trimStart();
  if (name.startsWith('--')) throw new UsageError('the name of the command must come first: type /help for the syntax');
  const argsJson = args === undefined ? undefined : checkJson(args);
  checkCommandName('the name of a command', name);
  const deadline = options.get('deadline');
  return {
    kind: 'order',
    name,
    argsJson,
    to: options.get('to') ?? 'below',
    deadlineMs: deadline === undefined ? undefined : parseInteger('--deadline', deadline, 1),
  };
}

function askOf(text: string): ParsedInput {
  const what = [...queries].find(([word]) => word === text)?.[1];
  if (what === undefined) throw new UsageError(`unknown input ${text}: type /help for the commands`);
  return { kind: 'ask', what };
}

interface Option {
  readonly name: 'to' | 'deadline';
  readonly value: string;
  /** The text of the line before the option. */
  readonly rest: string;
}

function optionAtEnd(text: string): Option | undefined {
  return optionNamed('to', text) ?? optionNamed('deadline', text);
}

/**
 * Finds an option at the end of the line. Reads each character once from the end, because the JSON before the option may contain
 * any text.
 */
function optionNamed(name: 'to' | 'deadline', text: string): Option | undefined {
  const flag = `--${name}`;
  let at = text.lastIndexOf(flag);
  while (at > 0 && !isSpace(text[at - 1])) at = text.lastIndexOf(flag, at - 1);
  if (at <= 0) return undefined;
  let start = at + flag.length;
  while (isSpace(text[start]) || text[start] === '=') start += 1;
  const value = text.slice(start);
  if (start === at + flag.length || value === '' || /\s/.test(value)) return undefined;
  return { name, value, rest: text.slice(0, at).trimEnd() };
}

function isSpace(char: string | undefined): boolean {
  return char !== undefined && char.trim() === '';
}
