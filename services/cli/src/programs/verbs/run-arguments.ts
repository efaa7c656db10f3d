/** Parses the options of `run`. */

import type { Command } from 'commander';
import { UsageError } from '../../errors.js';
import { parseInteger } from '../../parse-integer.js';
import { type WatchableField, watchableFields } from '../line/member-fields.js';
import { placeholdersOf } from '../line/program-line.js';
import type { OnChange, ProgramOptions, RunOptions } from '../program-options.js';
import { parseSignal } from './parse-signal.js';

/** The texts of the options of `run`. */
export interface RunArguments {
  readonly onChange: string;
  readonly watch?: string;
  readonly settle: string;
  readonly restartEvery: string;
}

/** Adds the options of `run`. */
export function addRunOptions(command: Command): Command {
  return command
    .option('--on-change <WHAT>', 'when a watched field changes: none, restart, or signal:NAME', 'none')
    .option('--watch <FIELDS>', 'rank,size,slot,leader (default: rank, and the placeholders of CMD)')
    .option('--settle <MS>', 'how long the fields must be unchanged', '200')
    .option('--restart-every <S>', 'shortest time between two restarts', '5');
}

/**
 * Parses the options of `run`.
 * @throws UsageError
 */
export function parseRunOptions(texts: RunArguments, shared: ProgramOptions): RunOptions {
  return {
    ...shared,
    onChange: onChangeOf(texts.onChange),
    watched: new Set(texts.watch === undefined ? watchedByDefault(shared) : watchedFields(texts.watch)),
    settleMs: parseInteger('--settle', texts.settle, 0, 60_000),
    restartEveryMs: 1000 * parseInteger('--restart-every', texts.restartEvery, 0, 86_400),
  };
}

function onChangeOf(text: string): OnChange {
  if (text === 'none' || text === 'restart') return { kind: text };
  if (text.startsWith('signal:'))
    return { kind: 'signal', signal: parseSignal('--on-change', text.slice('signal:'.length)) };
  throw new UsageError(`--on-change must be none, restart or signal:NAME, not ${JSON.stringify(text)}`);
}

function watchedByDefault({ line }: ProgramOptions): readonly WatchableField[] {
  const used = placeholdersOf(line);
  return watchableFields.filter(field => field === 'rank' || used.has(field));
}

function watchedFields(text: string): readonly WatchableField[] {
  return text.split(',').map(name => {
    const field = watchableFields.find(known => known === name);
    if (field !== undefined) return field;
    throw new UsageError(`--watch takes ${watchableFields.join(', ')}, not ${JSON.stringify(name)}`);
  });
}
