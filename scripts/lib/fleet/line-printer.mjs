/** Prints the output of a fleet. */

import { paint } from '../terminal.mjs';

const colours = ['cyan', 'yellow', 'green', 'magenta', 'blue', 'red'];

/** Prints each line with the name of its program, aligned as in Compose: `client-3  | …`. */
export function createLinePrinter(names) {
  const width = Math.max(...names.map(name => name.length));
  const prefixes = new Map(
    names.map((name, at) => [name, paint(colours[at % colours.length], `${name.padEnd(width)}  | `)]),
  );
  return name => line => process.stdout.write(`${prefixes.get(name)}${line}\n`);
}
