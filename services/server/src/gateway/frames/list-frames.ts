/** R-ASK-1: the frames of rosters and histories. */

import { encodeFrame } from '@rankd/protocol';
import type { Group, RosterChangedEffect } from '../../core/index.js';
import { rosterRow } from '../../roster-rows.js';
import { causeEntry } from './message-parts.js';

/**
 * Returns the frames of the roster by rank, all of one view. Divides the roster so that no frame is longer than `frameBytesMax` (R-ASK-1).
 */
export function* rosterFrames(group: Group, frameBytesMax: number): Generator<string, void, undefined> {
  const { name, epoch, view, roster } = group;
  const head = { type: 'roster', group: name, epoch, view, size: roster.size } as const;
  const rows = roster.slice().map((member, rank) => JSON.stringify(rosterRow(member, rank)));
  yield* inChunks(rows, frameBytesMax, more => encodeFrame({ ...head, members: [], more }));
}

/** Encodes each roster once, however many sessions ask for it: 10,000 members are 3 MB of text. */
export class RosterFrames {
  readonly #frameBytesMax: number;
  readonly #newest = new WeakMap<Group, { readonly view: number; readonly frames: readonly string[] }>();

  constructor(frameBytesMax: number) {
    this.#frameBytesMax = frameBytesMax;
  }

  /** Returns the frames of the roster of a group (R-ASK-1). `group` is undefined if the group has no members. */
  framesOf(name: string, group: Group | undefined): readonly string[] {
    if (group === undefined) return [emptyRosterFrame(name)];
    const known = this.#newest.get(group);
    if (known?.view === group.view) return known.frames;
    const frames = [...rosterFrames(group, this.#frameBytesMax)];
    this.#newest.set(group, { view: group.view, frames });
    return frames;
  }
}

/** Returns the frame of the roster of a group without members (R-ASK-1). */
function emptyRosterFrame(group: string): string {
  return encodeFrame({ type: 'roster', group, epoch: 0, view: 0, size: 0, members: [], more: false });
}

/** Encodes each change of a history once, however many sessions ask for it. */
export class HistoryFrames {
  readonly #frameBytesMax: number;
  readonly #rows = new WeakMap<RosterChangedEffect, string>();

  constructor(frameBytesMax: number) {
    this.#frameBytesMax = frameBytesMax;
  }

  /** Returns the frames of the last `limit` changes, newest first (R-ASK-1). `group` is undefined if it has no members. */
  framesOf(name: string, group: Group | undefined, limit: number): Iterable<string> {
    const head = { type: 'history', group: name, epoch: group?.epoch ?? 0 } as const;
    const rows = (group?.history.last(limit) ?? []).map(change => this.#rowOf(change));
    return inChunks(rows, this.#frameBytesMax, more => encodeFrame({ ...head, changes: [], more }));
  }

  #rowOf(change: RosterChangedEffect): string {
    const known = this.#rows.get(change);
    if (known !== undefined) return known;
    const { seq, view, at, cause, size } = change;
    const row = JSON.stringify({ seq, view, at: new Date(at).toISOString(), cause: causeEntry(cause), size });
    this.#rows.set(change, row);
    return row;
  }
}

/** Divides rows into frames of at most `frameBytesMax`. There is at least one frame. A single row always fits into one. */
function* inChunks(
  rows: Iterable<string>,
  frameBytesMax: number,
  encodeEmpty: (more: boolean) => string,
): Generator<string, void, undefined> {
  const headBytes = Buffer.byteLength(encodeEmpty(false));
  let chunk: string[] = [];
  let bytes = headBytes;
  for (const row of rows) {
    const rowBytes = Buffer.byteLength(row) + 1;
    if (chunk.length > 0 && bytes + rowBytes > frameBytesMax) {
      yield withRows(encodeEmpty(true), chunk);
      chunk = [];
      bytes = headBytes;
    }
    chunk.push(row);
    bytes += rowBytes;
  }
  yield withRows(encodeEmpty(false), chunk);
}

/** Writes the texts of the rows into the empty list of a frame. No field before the list contains brackets. */
function withRows(frame: string, rows: readonly string[]): string {
  const at = frame.indexOf('[]') + 1;
  return `${frame.slice(0, at)}${rows.join(',')}${frame.slice(at)}`;
}
