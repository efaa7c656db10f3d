import { appendScript, saveScript, trimScript } from '@rankd/server/dist/redis-stream/scripts.js';
import type { RedisNode } from './redis-node.js';
import type { RedisState } from './redis-state.js';
import { runAppend, runSave, runTrim } from './scripts.js';

/** What a command is sent with. */
export type Argument = string | number | Buffer;

/** What the append script does. */
export type Append = (state: RedisState, keys: readonly string[], args: readonly string[]) => string;

/** What goes wrong between a server and Redis where a fault is planted. */
export interface RedisTampering {
  readonly append: Append;
  /** What a server's script is given, of what the server gave it. */
  readonly said: (script: string, args: readonly Argument[]) => readonly Argument[];
  /** What has to be at a replica, of what should be. */
  readonly awaited: (offset: number) => number;
}

/** Nothing does. */
export const untampered: RedisTampering = { append: runAppend, said: (_, args) => args, awaited: offset => offset };

/** A command that is answered at once, as its arguments are sent. */
export interface Command {
  readonly name:
    | 'role'
    | 'time'
    | 'info'
    | 'exists'
    | 'set'
    | 'xadd'
    | 'xrange'
    | 'xrevrange'
    | 'hget'
    | 'hexists'
    | 'hsetnx'
    | 'hmget'
    | 'hgetall'
    | 'eval';
  readonly args: readonly Argument[];
}

/** Says no, as Redis does. */
export class Refusal extends Error {}

const writes: ReadonlySet<Command['name']> = new Set(['set', 'xadd', 'hsetnx', 'eval']);

/** Does it, and returns what is answered. @throws Refusal */
export function runCommand(node: RedisNode, { name, args }: Command, nowMs: number, append: Append): unknown {
  const { state } = node;
  if (writes.has(name) && node.role !== 'master')
    throw new Refusal("READONLY You can't write against a read only replica.");
  const [key = '', first = '', second = ''] = args.map(arg => (Buffer.isBuffer(arg) ? '' : String(arg)));
  switch (name) {
    case 'role':
      return [node.role];
    case 'time':
      return [String(Math.floor(nowMs / 1000)), String(Math.round((nowMs % 1000) * 1000))];
    case 'info':
      return 'redis_version:7.0.15\r\nmaxmemory_policy:noeviction\r\naof_enabled:1\r\n';
    case 'exists':
      return state.has(key) ? 1 : 0;
    case 'set':
      state.change({ kind: 'set', key, fields: { value: first } });
      return 'OK';
    case 'xadd':
      return add(state, key, first, args.slice(2).map(String));
    case 'xrange':
      return range(state, key, first, second);
    case 'xrevrange': {
      // The last one: nothing else is asked for.
      const newest = state.newest(key);
      return newest === undefined ? [] : [newest];
    }
    case 'hget':
      return state.field(key, first) ?? null;
    case 'hexists':
      return state.field(key, first) === undefined ? 0 : 1;
    case 'hsetnx':
      if (state.field(key, first) !== undefined) return 0;
      state.change({ kind: 'set', key, fields: { [first]: second } });
      return 1;
    case 'hmget':
      return args.slice(1).map(field => state.field(key, String(field)) ?? null);
    case 'hgetall':
      return state.hash(key);
    case 'eval':
      return runScript(state, args, append);
  }
}

function add(state: RedisState, key: string, id: string, fields: readonly string[]): string {
  if (state.newest(key) !== undefined)
    throw new Refusal('ERR The ID specified in XADD is equal or smaller than the target stream top item');
  state.change({ kind: 'added', key, record: [id, fields] });
  return id;
}

/** One record by its id, or the first of all: nothing else is asked for. */
function range(state: RedisState, key: string, from: string, to: string): unknown[] {
  const found = from === '-' ? state.first(key) : from === to ? state.record(key, from) : undefined;
  return found === undefined ? [] : [found];
}

function runScript(state: RedisState, [script, count, ...rest]: Command['args'], append: Append): string {
  const keys = rest.slice(0, Number(count)).map(String);
  const args = rest.slice(Number(count));
  switch (script) {
    case appendScript:
      return append(state, keys, args.map(String));
    case saveScript:
      return runSave(
        state,
        keys,
        args.map(arg => (typeof arg === 'number' ? String(arg) : arg)),
      );
    case trimScript:
      return runTrim(state, keys, args.map(String));
    default:
      throw new Refusal('NOSCRIPT this is none of the scripts that are simulated');
  }
}
