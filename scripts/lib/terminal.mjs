/** Prints the lines of scripts. */

import { styleText } from 'node:util';

/** Whether to print colours: only on a terminal, and not with NO_COLOR (https://no-color.org). */
export const coloured = process.stdout.isTTY === true && !process.env.NO_COLOR;

/** Adds a style to a text, if colours are printed. */
export function paint(format, text) {
  return coloured ? styleText(format, text) : text;
}

/** Prints a line of the script itself, with a mark that distinguishes it from the output of its programs. */
export function say(text) {
  process.stdout.write(`${paint('bold', 'rankd:')} ${text}\n`);
}

/** Prints an error of the script itself. */
export function complain(text) {
  process.stderr.write(`rankd: ${text}\n`);
}

/** Prints the addresses of a server that is ready. */
export function sayWhere(url) {
  say(`page ${url}/   metrics ${url}/metrics   Ctrl-C stops all`);
}
