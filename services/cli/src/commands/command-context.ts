import { printable } from '@rankd/protocol';
import type { Connection } from '../connection.js';
import type { Terminal } from '../output/terminal.js';

/** What every verb is called with. */
export interface CommandContext {
  readonly connection: Connection;
  readonly terminal: Terminal;
  /** One line of JSON on standard output instead of what people read. */
  readonly json: boolean;
  /** In a checkout and in the server's image: what holds the built server. */
  readonly repository: string;
}

/** 0 done, 1 not. Usage, which is 2, is thrown. */
export type ExitCode = 0 | 1;

/** Text from the network is escaped within it: the JSON means the same. */
export function writeJson({ terminal }: Pick<CommandContext, 'terminal'>, value: unknown): void {
  terminal.write(printable(JSON.stringify(value)));
}
