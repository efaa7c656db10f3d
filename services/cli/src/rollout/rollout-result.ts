/** What a rollout has done, as JSON and as text. */

import type { NotDone } from '../errors.js';
import type { ReportLine } from '../output/command-report.js';
import type { Screen } from '../terminal/terminal.js';
import { textTable } from '../output/text-table.js';
import { reportRow, reportTitles, targetText } from '../sending/report-table.js';
import type { RolloutChanges, SeenMember } from './rollout-plan.js';

/** How one member ended. */
export interface BatchLine extends ReportLine {
  /** The number of its batch, from 1. */
  readonly batch: number;
}

/** What a rollout has done. */
export interface RolloutResult {
  readonly name: string;
  readonly batches: number;
  readonly answers: readonly BatchLine[];
  readonly changes: RolloutChanges;
  /** The members that were not commanded, or have not executed the command, from the last rank up. */
  readonly remaining: readonly SeenMember[];
  /** Why the rollout stopped. Undefined if all members have executed the command. */
  readonly failure: NotDone | undefined;
}

/** How many members a sentence names. */
const NAMED_MAX = 5;

/** Returns the result as a value for JSON. */
export function rolloutJson({ name, batches, answers, changes, remaining, failure }: RolloutResult): object {
  const error = failure === undefined ? {} : { error: { code: failure.code, message: failure.message } };
  return { done: failure === undefined, name, batches, answers, ...changes, remaining, ...error };
}

/**
 * Returns the table of one batch. Its columns are as wide as the whole fleet needs, so that the tables of all batches look like one.
 */
export function batchTable(
  lines: readonly BatchLine[],
  fleet: readonly SeenMember[],
  screen: Screen,
  { hasTitles }: { readonly hasTitles: boolean },
): string[] {
  const widest = fleet.map(({ rank, name }) => ['', String(rank), name, 'refused', '60000 ms']);
  const rows = lines.map(line => [String(line.batch), ...reportRow(line)]);
  const table = textTable(['BATCH', ...reportTitles], [...rows, ...widest], screen);
  return table.slice(hasTitles ? 0 : 1, 1 + rows.length);
}

/** Returns sentences about members that joined or left during the rollout. */
export function changeSentences({ joined, left, back }: RolloutChanges): string[] {
  return [
    ...left.map(member => `${targetText(member)} left before its turn: it is skipped`),
    ...back.map(
      member => `${targetText(member)} is back, and has executed the command before: it is not commanded again`,
    ),
    ...joined.map(member => `${targetText(member)} has joined: it is commanded too`),
  ];
}

/** Returns why a batch has stopped the rollout: `1 of 2 did not execute reload: client-3 (rank 2): failed, no disk`. */
export function batchFailure(name: string, lines: readonly BatchLine[]): string {
  const missing = lines.filter(({ status }) => status !== 'done');
  const named = missing.slice(0, NAMED_MAX).map(line => `${targetText(line)}: ${line.status}, ${line.why ?? ''}`);
  const more = missing.length > named.length ? `; and ${missing.length - named.length} more` : '';
  return `${missing.length} of ${lines.length} did not execute ${name}: ${named.join('; ')}${more}`;
}

/** Returns a sentence: `the rollout stopped after batch 2: 3 members have not confirmed reload: client-1 (rank 0), …`. */
export function remainingSentence({ name, batches, remaining }: RolloutResult): string {
  const named = remaining.slice(0, NAMED_MAX).map(targetText);
  const more = remaining.length > named.length ? `, and ${remaining.length - named.length} more` : '';
  const members = remaining.length === 1 ? '1 member has' : `${remaining.length} members have`;
  const stopped = batches === 0 ? 'the rollout did not start' : `the rollout stopped after batch ${batches}`;
  return `${stopped}: ${members} not confirmed ${name}: ${named.join(', ')}${more}`;
}
