import { styleText } from 'node:util';

/** Colours are for a person who watches, and only where wanted: https://no-color.org */
export const coloured = process.stdout.isTTY === true && !process.env.NO_COLOR;

export function paint(format, text) {
  return coloured ? styleText(format, text) : text;
}

/** One line of the script's own, told apart from what it runs. */
export function say(text) {
  process.stdout.write(`${paint('bold', 'rankd:')} ${text}\n`);
}

export function complain(text) {
  process.stderr.write(`rankd: ${text}\n`);
}

/** Where to look, said once the server is ready. */
export function sayWhere(url) {
  say(`page ${url}/   metrics ${url}/metrics   Ctrl-C ends all`);
}
