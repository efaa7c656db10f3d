/** Checks arguments by the schemas of the protocol, before rankctl connects. */

import { checkClientMessage, limits, parseFrame } from '@rankd/protocol';
import { UsageError } from './errors.js';

/** How much of a value an error shows, characters. */
const SHOWN_CHARS_MAX = 80;

/**
 * Checks the fields of a message that the arguments would make.
 * @param names the argument for each field, for the error
 * @throws UsageError with the argument, what it must be, and its value
 */
export function checkFields(message: Record<string, unknown>, names: Readonly<Record<string, string>>): void {
  const checked = checkClientMessage(message);
  if (checked.kind === 'message') return;
  const { field, detail } = checked;
  const value = JSON.stringify(message[field]).slice(0, SHOWN_CHARS_MAX);
  // A secret must not reach a log.
  const shown = field === 'token' ? '' : `, not ${value}`;
  throw new UsageError(`${names[field] ?? field}${detail.slice(detail.indexOf(' must be '))}${shown}`);
}

/**
 * Checks the name of a command.
 * @param argument the argument with the name, for the error
 * @throws UsageError
 */
export function checkCommandName(argument: string, name: string): void {
  checkFields({ type: 'command', id: '1', name }, { name: argument });
}

/**
 * Returns JSON text unchanged if it is valid, and the protocol allows it as a payload (R-FRAME-3).
 * @throws UsageError
 */
export function checkJson(text: string): string {
  if (!isJson(text)) {
    const hint = /^[\w .-]+$/.test(text) ? `: put a string in quotes, '"${text}"'` : '';
    throw new UsageError(`${text} is not JSON${hint}`);
  }
  if (parseFrame(`{"args":${text}}`) === undefined) {
    throw new UsageError(`the JSON is nested more than ${limits.nestingMax - 1} deep, or has a key __proto__`);
  }
  return text;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
