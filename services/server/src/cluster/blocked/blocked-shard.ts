/** The record or entry that a server cannot apply. The server stops before it and waits. */

import { types } from 'node:util';
import { formatPosition, type Position } from '../stream-position.js';

/** The record, or the entry in a record, before which a server has stopped applying a shard. */
export interface BlockingEntry {
  readonly kind: 'blocked';
  /** The id of the record, or of the snapshot. */
  readonly record: string;
  /** The number of the entry in its record, from 0. Undefined if the whole record is the cause. */
  readonly entry: number | undefined;
  readonly reason: string;
}

/** A blocking entry and the index of its shard. */
export interface BlockedShard extends BlockingEntry {
  readonly shard: number;
}

/** The type `Reason` with BlockedShard in place of BlockingEntry. */
export type WithShard<Reason> = Exclude<Reason, BlockingEntry> | BlockedShard;

/** A join has failed because this server cannot apply a shard. */
export class BlockedError extends Error {
  override readonly name = 'BlockedError';
  readonly blocked: BlockedShard;

  constructor(blocked: BlockedShard) {
    super(describeBlocked(blocked));
    this.blocked = blocked;
  }
}

/** Returns the blocking entry for a record that breaks the stream: a record before it is missing, or rankd does not know its form. */
export function blockByRecord(record = 'unknown'): BlockingEntry {
  const reason = 'it does not continue the record before it, or rankd does not know its form';
  return { kind: 'blocked', record, entry: undefined, reason };
}

/** Returns the blocking entry for an exception after the record at `position` was applied. */
export function blockByException(position: Position, error: unknown): BlockingEntry {
  return { kind: 'blocked', record: formatPosition(position), entry: undefined, reason: describeException(error) };
}

/** Returns a sentence for `/readyz` and the log. */
export function describeBlocked({ shard, record, entry, reason }: BlockedShard): string {
  const place = `record ${record} of shard ${shard}`;
  return `this server cannot apply ${entry === undefined ? place : `entry ${entry} of ${place}`}: ${reason}`;
}

/** How many lines of the stack the reason of an exception contains. */
const STACK_LINES = 3;

/**
 * Returns the name of an exception, the beginning of its message, and where it was thrown. The message ends before the first quoted value,
 * because a value may be a payload or a secret.
 */
export function describeException(error: unknown): string {
  if (!types.isNativeError(error)) return 'an exception that is not an Error';
  const message = (error.message.split(/["'`{[]/, 1)[0] ?? '').trim().slice(0, 200);
  const stack = (error.stack ?? '').split('\n').filter(line => /^\s+at /.test(line));
  return [`${error.name}: ${message}`, ...stack.slice(0, STACK_LINES).map(withoutFolder)].join(' ');
}

/** Returns a line of a stack trace without the folder of the file. */
function withoutFolder(line: string): string {
  const folderStart = line.indexOf('file://');
  const text = folderStart === -1 ? line : `${line.slice(0, folderStart)}${line.slice(line.lastIndexOf('/') + 1)}`;
  return text.trim();
}
