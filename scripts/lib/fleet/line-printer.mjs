import { paint } from '../terminal.mjs';

const colours = ['cyan', 'yellow', 'green', 'magenta', 'blue', 'red'];

/** Prints each program's lines under its name, aligned as Compose aligns them: `client-3  | …`. */
export function createLinePrinter(names) {
  const width = Math.max(...names.map(name => name.length));
  const prefixes = new Map(
    names.map((name, at) => [name, paint(colours[at % colours.length], `${name.padEnd(width)}  | `)]),
  );
  return name => line => process.stdout.write(`${prefixes.get(name)}${line}\n`);
}
