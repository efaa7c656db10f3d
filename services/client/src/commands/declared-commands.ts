/** The types with which a user declares the commands of a group. */

import type { Json } from '@rankd/protocol';
import type { CommandContext } from './command-executor.js';
import type { CommandOptions } from './command-sender.js';

/**
 * The commands of a group with their arguments and values, for `join<Commands>()`, for example `interface Fleet {
 * reload(args: { version: number }): string }`. Handlers and commands with other types do not compile. Nothing is checked at
 * run time.
 */
export type CommandsOf<C> = { [K in keyof C]: (args: never) => unknown };

/** Commands of any name with any JSON. This is the type if `join` is called without declared commands. */
export type AnyCommands = Record<string, (args: never) => unknown>;

/** The names of the declared commands. */
export type CommandName<C> = keyof C & string;

/** The type of the arguments of a command. */
export type ArgsOf<C extends CommandsOf<C>, K extends keyof C> = string extends keyof C ? Json : Parameters<C[K]>[0];

/** The type of the value that the handler of a command returns. */
export type ValueOf<C extends CommandsOf<C>, K extends keyof C> = string extends keyof C
  ? unknown
  : Awaited<ReturnType<C[K]>>;

/**
 * A function that executes a command. Its return value, or the value that it resolves to, becomes the result `done`. If it
 * throws, the result is `failed`.
 */
export type HandlerOf<C extends CommandsOf<C>, K extends keyof C> = string extends keyof C
  ? (args: never, context: CommandContext) => unknown
  : (args: Parameters<C[K]>[0], context: CommandContext) => ValueOf<C, K> | Promise<ValueOf<C, K>>;

/** The parameters of `command` after the name: the arguments and the options. The arguments can be omitted if the command has none. */
export type OrderOf<C extends CommandsOf<C>, K extends keyof C> = string extends keyof C
  ? [args?: Json, options?: CommandOptions]
  : undefined extends ArgsOf<C, K>
    ? [args?: ArgsOf<C, K>, options?: CommandOptions]
    : [args: ArgsOf<C, K>, options?: CommandOptions];
