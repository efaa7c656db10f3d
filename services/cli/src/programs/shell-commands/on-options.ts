/** The option `--on` of `rankctl run`: what a command does (R-PROG-8). */

import { constants } from 'node:os';
import { UsageError } from '../../errors.js';
import { checkCommandName } from '../../check-arguments.js';

/** What a command does: runs a line in a shell, or sends a signal to the program. */
export type CommandAction =
  { readonly kind: 'line'; readonly line: string } | { readonly kind: 'signal'; readonly signal: NodeJS.Signals };

const SIGNAL_PREFIX = 'signal:';

/**
 * Parses the values of `--on`: `NAME=SHELL-LINE` or `NAME=signal:HUP`.
 * @returns the action of each command, by its name
 * @throws UsageError
 */
export function parseOnOptions(texts: readonly string[]): ReadonlyMap<string, CommandAction> {
  const actions = new Map<string, CommandAction>();
  for (const text of texts) {
    const end = text.indexOf('=');
    if (end === -1) {
      throw new UsageError(`--on ${JSON.stringify(text)} is not of the form NAME=SHELL-LINE or NAME=signal:HUP`);
    }
    const name = text.slice(0, end);
    checkCommandName('--on', name);
    if (actions.has(name)) throw new UsageError(`--on has ${name} twice: write one line that does both`);
    actions.set(name, parseAction(name, text.slice(end + 1)));
  }
  return actions;
}

function parseAction(name: string, action: string): CommandAction {
  if (action.startsWith(SIGNAL_PREFIX)) {
    return { kind: 'signal', signal: parseSignal(`--on ${name}`, action.slice(SIGNAL_PREFIX.length)) };
  }
  if (action.trim() === '') throw new UsageError(`--on ${name} has no shell line: write --on ${name}=SHELL-LINE`);
  if (action.includes('\0')) throw new UsageError(`--on ${name} has a NUL character, which no shell accepts`);
  return { kind: 'line', line: action };
}

/**
 * Parses the name of a signal, with or without `SIG`.
 * @param option the option, for the error
 * @throws UsageError
 */
export function parseSignal(option: string, text: string): NodeJS.Signals {
  const name = text.startsWith('SIG') ? text : `SIG${text}`;
  if (Object.hasOwn(constants.signals, name)) return name as NodeJS.Signals;
  throw new UsageError(`${option}: ${JSON.stringify(text)} is not a signal such as HUP or USR1`);
}
