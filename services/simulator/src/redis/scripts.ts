import type { RedisState } from './redis-state.js';
import { compareIds, partsOf } from './stored-record.js';

type Arguments = readonly string[];

/**
 * What the server's three Lua scripts do, told once more without Lua; a test holds each of them equal to the real one in a real
 * Redis. Keys and arguments are those of `stream-scripts.ts`.
 */
export function runAppend(state: RedisState, [log = '']: Arguments, args: Arguments): string {
  const [kind, epochText = '', id = '', mark = '', ...records] = args;
  const newest = state.newest(log);
  if (newest === undefined || !stands(state, log, id, mark)) return 'rewritten';
  const [begun, seq] = partsOf(newest[0]);
  const epoch = Number(epochText);
  if (begun > epoch || (kind === 'begin' && begun === epoch)) return 'fenced';
  if (begun < epoch && kind !== 'begin') return 'unbegun';
  let previous = markOf(newest[1]);
  let next = kind === 'begin' ? 0 : seq + 1;
  for (let at = 0; at < records.length; at += 2) {
    const own = records[at] ?? '';
    const fields = ['m', own, 'p', previous, 'b', records[at + 1] ?? ''];
    state.change({ kind: 'added', key: log, record: [`${epoch}-${next}`, fields] });
    previous = own;
    next += 1;
  }
  return 'ok';
}

export function runSave(state: RedisState, keys: Arguments, args: readonly (string | Buffer)[]): string {
  const [log = '', pointers = '', added = '', newer = '', older = ''] = keys;
  const [id = '', mark = '', snapshot = '', a = '', b = ''] = args.slice(0, 5).map(String);
  const [, , , , , deflated = '', sha256 = ''] = args;
  if (!stands(state, log, id, mark)) return 'rewritten';
  const record = state.record(log, snapshot);
  if (record === undefined) return 'rewritten';
  const pointer = (name: string): string => String(state.field(pointers, name) ?? '');
  if (pointer('a') !== a || pointer('b') !== b) return 'overtaken';
  let before = b;
  if (a !== '' && stands(state, log, a, String(state.field(newer, 'mark') ?? ''))) {
    if (compareIds(snapshot, a) <= 0) return 'overtaken';
    before = a;
    state.change({ kind: 'deleted', key: older });
  } else {
    state.change({ kind: 'deleted', key: newer });
  }
  state.change({ kind: 'set', key: added, fields: { mark: markOf(record[1]), sha256, deflated } });
  state.change({ kind: 'set', key: pointers, fields: { a: snapshot, b: before } });
  return 'saved';
}

/** Redis lets go of whole blocks only, so of a little less. */
export function runTrim(state: RedisState, [log = '', pointers = '']: Arguments, args: Arguments): string {
  const [id = '', mark = '', before = ''] = args;
  if (!stands(state, log, id, mark)) return 'rewritten';
  const older = String(state.field(pointers, 'b') ?? '');
  if (older === '') return 'kept';
  state.change({ kind: 'trimmed', key: log, before: compareIds(before, older) > 0 ? older : before });
  return 'trimmed';
}

function stands(state: RedisState, log: string, id: string, mark: string): boolean {
  const record = state.record(log, id);
  return record !== undefined && markOf(record[1]) === mark;
}

function markOf(fields: readonly string[]): string {
  return fields[1] ?? '';
}
