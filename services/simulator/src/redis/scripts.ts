/** The Lua scripts of the streams, in TypeScript. */

import type { RedisState } from './redis-state.js';
import { compareIds, parseId } from './stored-record.js';

type Arguments = readonly string[];

/**
 * The append script of the server in TypeScript. A test compares it, and the two below, with the real Lua scripts in a real
 * Redis. Keys and arguments are those of `redis-stream/scripts.ts`.
 */
export function runAppend(state: RedisState, [log = '']: Arguments, args: Arguments): string {
  const [kind, epochText = '', id = '', mark = '', ...records] = args;
  const newest = state.newestRecord(log);
  if (newest === undefined || !containsRecord(state, log, id, mark)) return 'rewritten';
  const [begun, seq] = parseId(newest[0]);
  const epoch = Number(epochText);
  if (begun > epoch || (kind === 'begin' && begun === epoch)) return 'fenced';
  if (begun < epoch && kind !== 'begin') return 'unbegun';
  let previous = readMark(newest[1]);
  let next = kind === 'begin' ? 0 : seq + 1;
  for (let at = 0; at < records.length; at += 2) {
    const own = records[at] ?? '';
    const fields = ['m', own, 'p', previous, 'b', records[at + 1] ?? ''];
    state.change({ kind: 'added', key: log, findRecord: [`${epoch}-${next}`, fields] });
    previous = own;
    next += 1;
  }
  return 'ok';
}

/** The snapshot script of the server in TypeScript. */
export function runSave(state: RedisState, keys: Arguments, args: readonly (string | Buffer)[]): string {
  const [log = '', pointers = '', added = '', newer = '', older = ''] = keys;
  const [id = '', mark = '', snapshot = '', a = '', b = ''] = args.slice(0, 5).map(String);
  const [, , , , , deflated = '', sha256 = ''] = args;
  if (!containsRecord(state, log, id, mark)) return 'rewritten';
  const record = state.record(log, snapshot);
  if (record === undefined) return 'rewritten';
  const pointer = (name: string): string => String(state.readField(pointers, name) ?? '');
  if (pointer('a') !== a || pointer('b') !== b) return 'overtaken';
  let before = b;
  if (a !== '' && containsRecord(state, log, a, String(state.readField(newer, 'mark') ?? ''))) {
    if (compareIds(snapshot, a) <= 0) return 'overtaken';
    before = a;
    state.change({ kind: 'deleted', key: older });
  } else {
    state.change({ kind: 'deleted', key: newer });
  }
  state.change({ kind: 'set', key: added, fields: { mark: readMark(record[1]), sha256, deflated } });
  state.change({ kind: 'set', key: pointers, fields: { a: snapshot, b: before } });
  return 'saved';
}

/** The trim script of the server in TypeScript. A real Redis may keep a few more records, because it frees whole blocks. */
export function runTrim(state: RedisState, [log = '', pointers = '']: Arguments, args: Arguments): string {
  const [id = '', mark = '', before = ''] = args;
  if (!containsRecord(state, log, id, mark)) return 'rewritten';
  const older = String(state.readField(pointers, 'b') ?? '');
  if (older === '') return 'kept';
  state.change({ kind: 'trimmed', key: log, before: compareIds(before, older) > 0 ? older : before });
  return 'trimmed';
}

function containsRecord(state: RedisState, log: string, id: string, mark: string): boolean {
  const record = state.record(log, id);
  return record !== undefined && readMark(record[1]) === mark;
}

function readMark(fields: readonly string[]): string {
  return fields[1] ?? '';
}
