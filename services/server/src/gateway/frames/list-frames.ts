/** R-ASK-1: the frames of rosters and histories. */

import { encodeFrame } from '@rankd/protocol';
import type { Group } from '../../core/index.js';
import { rosterRow } from '../../roster-rows.js';
import { causeEntry } from './message-parts.js';

/**
 * Returns the frames of the roster by rank, all of one view. Divides the roster so that no frame is longer than `frameBytesMax` (R-ASK-1).
 */
export function* rosterFrames(group: Group, frameBytesMax: number): Generator<string, void, undefined> {
  const { name, epoch, view, roster } = group;
  const head = { type: 'roster', group: name, epoch, view, size: roster.size } as const;
  const rows = roster.slice().map(rosterRow);
  yield* inChunks(rows, frameBytesMax, (members, more) => encodeFrame({ ...head, members, more }));
}

/** Returns the frame of the roster of a group without members (R-ASK-1). */
export function emptyRosterFrame(group: string): string {
  return encodeFrame({ type: 'roster', group, epoch: 0, view: 0, size: 0, members: [], more: false });
}

/** Returns the frames of the last `limit` changes, newest first (R-ASK-1). `group` is undefined if it has no members. */
export function* historyFrames(
  name: string,
  group: Group | undefined,
  limit: number,
  frameBytesMax: number,
): Generator<string, void, undefined> {
  const head = { type: 'history', group: name, epoch: group?.epoch ?? 0 } as const;
  const rows = (group?.history.last(limit) ?? []).map(({ seq, view, at, cause, size }) => ({
    seq,
    view,
    at: new Date(at).toISOString(),
    cause: causeEntry(cause),
    size,
  }));
  yield* inChunks(rows, frameBytesMax, (changes, more) => encodeFrame({ ...head, changes, more }));
}

/** Divides rows into frames of at most `frameBytesMax`. There is at least one frame. A single row always fits into one. */
function* inChunks<Row>(
  rows: readonly Row[],
  frameBytesMax: number,
  encode: (rows: Row[], more: boolean) => string,
): Generator<string, void, undefined> {
  const headBytes = Buffer.byteLength(encode([], false));
  let chunk: Row[] = [];
  let bytes = headBytes;
  for (const row of rows) {
    const rowBytes = Buffer.byteLength(JSON.stringify(row)) + 1;
    if (chunk.length > 0 && bytes + rowBytes > frameBytesMax) {
      yield encode(chunk, true);
      chunk = [];
      bytes = headBytes;
    }
    chunk.push(row);
    bytes += rowBytes;
  }
  yield encode(chunk, false);
}
