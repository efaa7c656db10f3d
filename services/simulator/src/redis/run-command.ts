/** Runs commands on a simulated Redis. */

import { appendScript, saveScript, trimScript } from 'rankd/dist/redis-stream/scripts.js';
import type { RedisNode } from './redis-node.js';
import type { RedisState } from './redis-state.js';
import { runAppend, runSave, runTrim } from './scripts.js';

/** An argument of a command. */
export type Argument = string | number | Buffer;

/** Implements the append script. */
export type Append = (state: RedisState, keys: readonly string[], args: readonly string[]) => string;

/** The planted faults between a server and Redis. */
export interface RedisTampering {
  readonly append: Append;
  /** Changes the arguments of a script. */
  readonly tamperScriptArguments: (script: string, args: readonly Argument[]) => readonly Argument[];
  /** Changes the offset that a WAIT waits for. */
  readonly tamperAwaitedOffset: (offset: number) => number;
}

/** No faults. */
export const noTampering: RedisTampering = {
  append: runAppend,
  tamperScriptArguments: (_, args) => args,
  tamperAwaitedOffset: offset => offset,
};

/** A command that is answered immediately. */
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
    | 'get'
    | 'hget'
    | 'hexists'
    | 'hsetnx'
    | 'hmget'
    | 'hgetall'
    | 'eval';
  readonly args: readonly Argument[];
}

/** An error reply of Redis. */
export class Refusal extends Error {}

const writes: ReadonlySet<Command['name']> = new Set(['set', 'xadd', 'hsetnx', 'eval']);

/**
 * Runs a command on a node and returns its reply.
 * @throws Refusal for an error reply
 */
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
      return state.hasKey(key) ? 1 : 0;
    case 'set':
      state.change({ kind: 'set', key, fields: { value: first } });
      return 'OK';
    case 'xadd':
      return addFirstRecord(state, key, first, args.slice(2).map(String));
    case 'xrange':
      return findRange(state, key, first, second);
    case 'xrevrange': {
      // The streams request only the newest record.
      const newest = state.newestRecord(key);
      return newest === undefined ? [] : [newest];
    }
    case 'get':
      return state.readField(key, 'value') ?? null;
    case 'hget':
      return state.readField(key, first) ?? null;
    case 'hexists':
      return state.readField(key, first) === undefined ? 0 : 1;
    case 'hsetnx':
      if (state.readField(key, first) !== undefined) return 0;
      state.change({ kind: 'set', key, fields: { [first]: second } });
      return 1;
    case 'hmget':
      return args.slice(1).map(field => state.readField(key, String(field)) ?? null);
    case 'hgetall':
      return state.hash(key);
    case 'eval':
      return runScript(state, args, append);
  }
}

function addFirstRecord(state: RedisState, key: string, id: string, fields: readonly string[]): string {
  if (state.newestRecord(key) !== undefined)
    throw new Refusal('ERR The ID specified in XADD is equal or smaller than the target stream top item');
  state.change({ kind: 'added', key, findRecord: [id, fields] });
  return id;
}

/** Returns one record by its id, or the first one. The streams request nothing else. */
function findRange(state: RedisState, key: string, from: string, to: string): unknown[] {
  const found = from === '-' ? state.firstRecord(key) : from === to ? state.record(key, from) : undefined;
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
      throw new Refusal('NOSCRIPT the simulation does not have this script');
  }
}
