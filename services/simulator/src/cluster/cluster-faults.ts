import type { ServerConfig } from '@rankd/server/dist/config.js';
import type { Entry } from '@rankd/server/dist/core/index.js';
import type { OrderedLog, AppliedListener } from '@rankd/server/dist/log/ordered-log.js';
import { appendScript } from '@rankd/server/dist/redis-stream/scripts.js';
import { untampered, type RedisTampering } from '../redis/run-command.js';
import { runAppend } from '../redis/scripts.js';
import { partsOf } from '../redis/stored-record.js';
import { RelayedLog } from './relayed-log.js';

/** Something wrong, planted where the parts of a cluster meet, to see that the checker finds it. */
export interface ClusterFault {
  readonly config: (config: ServerConfig) => ServerConfig;
  /** What a server hands to a connection. */
  readonly written: (bytes: Buffer) => Buffer;
  /** Between one server and Redis; made anew for each process. */
  readonly redis: () => RedisTampering;
  /** What the watched log of one server's life goes on to; `index`: which server. */
  readonly log: (log: OrderedLog, index: number) => OrderedLog;
}

/** None. */
export const soundCluster: ClusterFault = {
  config: config => config,
  written: bytes => bytes,
  redis: () => untampered,
  log: log => log,
};

/** A log whose proposals, or what comes of them, are tampered with. */
class TamperedLog extends RelayedLog {
  readonly #append: Append;
  readonly #before: Before;
  #perform: AppliedListener = () => undefined;

  constructor(log: OrderedLog, append: Append, before: Before) {
    super(log);
    this.#append = append;
    this.#before = before;
  }

  override append(entry: Entry): void {
    this.#append(entry, this.log, this.#perform);
  }

  override onApplied(perform: AppliedListener): void {
    this.#perform = perform;
    super.onApplied((entry, effects, origin) => {
      this.#before(entry, this.log);
      perform(entry, effects, origin);
    });
  }
}

type Append = (entry: Entry, log: OrderedLog, perform: AppliedListener) => void;
type Before = (entry: Entry, log: OrderedLog) => void;

const passOn: Append = (entry, log) => log.append(entry);

/** The faults that CI plants. */
export const clusterFaults: Readonly<Record<string, ClusterFault>> = {
  'applied-unwritten': { ...soundCluster, log: log => new TamperedLog(log, applyAtOnce, () => undefined) },
  'fence-unchecked': { ...soundCluster, redis: () => ({ ...untampered, append: appendAnyway }) },
  'retried-as-new': { ...soundCluster, redis: retryAsNew },
  'rewriting-unseen': { ...soundCluster, redis: () => ({ ...untampered, said: sayOneMark }) },
  'replica-unawaited': {
    ...soundCluster,
    config: config => ({ ...config, RANKD_LOG_ACK: 'replicated' }),
    redis: () => ({ ...untampered, awaited: () => 0 }),
  },
  'diverging-server': {
    ...soundCluster,
    log: (log, index) => new TamperedLog(log, passOn, index === 0 ? swapFirst : () => undefined),
  },
  'dropped-proposal': { ...soundCluster, log: log => new TamperedLog(log, dropSome(), () => undefined) },
  'short-leases': {
    ...soundCluster,
    config: config => ({ ...config, RANKD_SUSPEND_MS: 20 }),
    written: tellLongLeases,
  },
};

/** A server acts on what it proposes before it stands in the stream. */
function applyAtOnce(entry: Entry, log: OrderedLog, perform: AppliedListener): void {
  const group = entry.kind === 'command' ? log.groups.get(entry.group) : undefined;
  if (group !== undefined && entry.kind === 'command') perform(entry, group.apply(entry), 'here');
  log.append(entry);
}

/** Redis takes what was meant for an epoch that is over. */
function appendAnyway(...[state, keys, args]: Parameters<typeof runAppend>): string {
  const newest = state.newest(keys[0] ?? '');
  const isLate = args[0] === 'append' && newest !== undefined && partsOf(newest[0])[0] > Number(args[1]);
  return runAppend(
    state,
    keys,
    isLate ? ['append', newest[0].slice(0, newest[0].indexOf('-')), ...args.slice(2)] : args,
  );
}

/** An append of which nobody knows what became is made once more as another one, with a number of its own. */
function retryAsNew(): RedisTampering {
  const written = new Set<string>();
  let ahead = 0;
  return {
    ...untampered,
    append: (state, keys, args) => {
      const body = args[5] ?? '';
      const parcel = JSON.parse(body) as { readonly n?: number };
      if (parcel.n === undefined || parcel.n === 1) return runAppend(state, keys, args);
      if (written.has(body)) ahead += 1;
      const renumbered = JSON.stringify({ ...parcel, n: parcel.n + ahead });
      const answer = runAppend(state, keys, [...args.slice(0, 5), renumbered]);
      if (answer === 'ok') written.add(body);
      return answer;
    },
  };
}

/** All marks are alike, so that no server sees that it reads another history. */
function sayOneMark(...[script, args]: Parameters<RedisTampering['said']>): ReturnType<RedisTampering['said']> {
  if (script !== appendScript) return args;
  return args.map((arg, index) => (index >= 6 && index % 2 === 0 ? 'same' : arg));
}

/** Clients are told another time after which they suspend themselves than the servers count with. */
function tellLongLeases(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString().replace(/"suspendMs":\d+/g, '"suspendMs":4500'));
}

/** The first server takes two members for each other. */
function swapFirst(entry: Entry, log: OrderedLog): void {
  const roster = entry.kind === 'result' ? log.groups.get(entry.group)?.roster : undefined;
  const second = roster?.at(1);
  if (second !== undefined) roster?.move(second, 0);
}

/** One in fifty is lost on the way. */
function dropSome(): Append {
  let appended = 0;
  return (entry, log) => {
    appended += 1;
    if (appended % 50 !== 0) log.append(entry);
  };
}
