/** The environment and the input of a shell line (R-PROG-8). */

import type { CommandContext } from '@rankd/client';

/** The longest RANKD_ARGS, bytes. Linux accepts no variable above 131 071 bytes. Longer arguments are on standard input alone. */
export const ARGS_VARIABLE_BYTES_MAX = 100_000;

/** The fields of a command that its line gets. */
export type LineCommand = Pick<CommandContext, 'from' | 'seq' | 'argsJson' | 'leftMs'>;

/** Returns the arguments as JSON. `null` if the command has none. */
export function argsText({ argsJson }: Pick<LineCommand, 'argsJson'>): string {
  return argsJson ?? 'null';
}

/** Returns the environment of the program with the variables of the command. Without RANKD_ARGS if the arguments are too long for it. */
export function lineEnvironment(program: NodeJS.ProcessEnv, command: LineCommand): NodeJS.ProcessEnv {
  const args = argsText(command);
  return {
    ...program,
    // Undefined removes the RANKD_ARGS that rankctl itself was started with.
    RANKD_ARGS: Buffer.byteLength(args) > ARGS_VARIABLE_BYTES_MAX ? undefined : args,
    RANKD_FROM: command.from.name,
    RANKD_FROM_RANK: String(command.from.rank),
    RANKD_SEQ: String(command.seq),
    RANKD_DEADLINE_MS: String(Math.ceil(command.leftMs)),
  };
}
