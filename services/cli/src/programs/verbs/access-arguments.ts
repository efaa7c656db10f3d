/** Parses the options for what a program uses besides its environment. */

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { UsageError } from '../../errors.js';
import { parseInteger } from '../../parse-integer.js';
import { parseListenAddress } from '../local-http/listen-address.js';
import type { AccessOptions } from '../program-options.js';
import { parseOnOptions } from '../shell-commands/on-options.js';
import { collectTexts } from './collect-texts.js';

/** How many shell lines of `--on` may run at once. */
const PARALLEL_MAX = 64;

/** The texts of the options. */
export interface AccessArguments {
  readonly http?: string;
  readonly stateFile?: string;
  readonly seatFile?: string;
  readonly leave?: boolean;
  readonly on?: readonly string[];
  readonly onParallel?: string;
}

/** Adds the options that `run`, `lead` and `once` have. */
export function addAccessOptions(command: Command): Command {
  return command
    .option('--http <ADDRESS>', 'answer CMD and probes at [HOST:]PORT: /self, /leads and others (host: 127.0.0.1)')
    .option('--state-file <PATH>', 'keep the state of the member in this file, as a line of JSON')
    .option('--seat-file <PATH>', 'keep the seat of the member in this file, and take it back at the next start')
    .option('--leave', 'with --seat-file: give up the seat when a signal ends rankctl');
}

/** Adds the options of `run` for commands. */
export function addCommandOptions(command: Command): Command {
  return command
    .option(
      '--on <NAME=LINE>',
      'execute the command NAME as a shell line, or as a signal to CMD (NAME=signal:HUP); repeatable',
      collectTexts,
    )
    .option('--on-parallel <N>', 'how many of these lines run at once', '1');
}

/**
 * Parses the options.
 * @throws UsageError
 */
export function parseAccessOptions(texts: AccessArguments): AccessOptions {
  const { http, stateFile, seatFile, leave = false, on = [], onParallel } = texts;
  checkPath('--state-file', stateFile);
  checkPath('--seat-file', seatFile);
  if (stateFile !== undefined && seatFile !== undefined && resolve(stateFile) === resolve(seatFile))
    throw new UsageError('--state-file and --seat-file are the same file: use two files');
  const isForCommands = onParallel !== undefined;
  return {
    http: http === undefined ? undefined : parseListenAddress(http),
    stateFile,
    seatFile,
    leavesOnSignal: leave,
    commands: isForCommands
      ? { actions: parseOnOptions(on), parallel: parseInteger('--on-parallel', onParallel, 1, PARALLEL_MAX) }
      : undefined,
  };
}

function checkPath(option: string, path: string | undefined): void {
  if (path === '') throw new UsageError(`${option} needs a path`);
}
