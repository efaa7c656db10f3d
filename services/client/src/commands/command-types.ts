import type { Json } from '@rankd/protocol';
import type { CommandContext } from './command-executor.js';
import type { CommandOptions } from './command-sender.js';

/**
 * What a fleet's commands take and give, for `join<Commands>()`:
 *
 *     interface Fleet { reload(args: { version: number }): string }
 *
 * A handler or a command that does not fit then does not compile.
 */
export type CommandsOf<C> = { [K in keyof C]: (args: never) => unknown };

/** Any name, any JSON: what one has without naming the commands. */
export type AnyCommands = Record<string, (args: never) => unknown>;

export type CommandName<C> = keyof C & string;

/** What a command of that name is given. */
export type ArgsOf<C extends CommandsOf<C>, K extends keyof C> = string extends keyof C ? Json : Parameters<C[K]>[0];

/** What its handler answers. */
export type ValueOf<C extends CommandsOf<C>, K extends keyof C> = string extends keyof C
  ? unknown
  : Awaited<ReturnType<C[K]>>;

/** Executes a command. What it returns, or resolves to, is the result's value; what it throws makes the result `failed`. */
export type HandlerOf<C extends CommandsOf<C>, K extends keyof C> = string extends keyof C
  ? (args: never, context: CommandContext) => unknown
  : (args: Parameters<C[K]>[0], context: CommandContext) => ValueOf<C, K> | Promise<ValueOf<C, K>>;

/** What follows a command's name: its args, which can be left out where it takes none, and how to send it. */
export type OrderOf<C extends CommandsOf<C>, K extends keyof C> = string extends keyof C
  ? [args?: Json, options?: CommandOptions]
  : undefined extends ArgsOf<C, K>
    ? [args?: ArgsOf<C, K>, options?: CommandOptions]
    : [args: ArgsOf<C, K>, options?: CommandOptions];
