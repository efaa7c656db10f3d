/** The planted faults of a simulated cluster. */

import type { ServerConfig } from 'rankd/dist/config.js';
import type { LogFormats } from 'rankd/dist/cluster/formats/log-format.js';
import type { Entry } from 'rankd/dist/core/index.js';
import type { AcquireResult, AppliedListener, OrderedLog } from 'rankd/dist/log/ordered-log.js';
import { appendScript } from 'rankd/dist/redis-stream/scripts.js';
import { noTampering, type RedisTampering } from '../redis/run-command.js';
import { runAppend } from '../redis/scripts.js';
import { parseId } from '../redis/stored-record.js';
import { LogDecorator } from './log-decorator.js';
import { simulatedFormats, SkippingFormats } from './simulated-formats.js';

/** A planted fault at the boundaries between the parts of a cluster. It proves that the checker finds such faults. */
export interface ClusterFault {
  /** What the servers of the older version read in a rolling upgrade. */
  readonly oldFormats: LogFormats;
  /** What the servers of this version read. */
  readonly newFormats: LogFormats;
  /** Changes the settings of all servers. */
  readonly changeConfig: (config: ServerConfig) => ServerConfig;
  /** Changes the bytes that a server writes to a client. */
  readonly tamperBytes: (bytes: Buffer) => Buffer;
  /** Creates the tampering between one server process and Redis. */
  readonly createTampering: () => RedisTampering;
  /** Wraps the log of an incarnation of server `index`. */
  readonly wrapLog: (log: OrderedLog, index: number) => OrderedLog;
}

/** No fault. */
export const noClusterFault: ClusterFault = {
  oldFormats: simulatedFormats.old,
  newFormats: simulatedFormats.new,
  changeConfig: config => config,
  tamperBytes: bytes => bytes,
  createTampering: () => noTampering,
  wrapLog: log => log,
};

/** A log that tampers with proposals, or with the state before an applied entry takes effect. */
class TamperedLog extends LogDecorator {
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

/** Fault: a hello with a later epoch does not wait until it is known whether the other servers run. */
class UnawaitingLog extends LogDecorator {
  override awaitServersOf(_group: string, then: (result: AcquireResult) => void): void {
    then('reached');
  }
}

type Append = (entry: Entry, log: OrderedLog, perform: AppliedListener) => void;
type Before = (entry: Entry, log: OrderedLog) => void;

const appendUnchanged: Append = (entry, log) => log.append(entry);

/** The faults that CI plants. */
export const clusterFaults: Readonly<Record<string, ClusterFault>> = {
  'applied-unwritten': { ...noClusterFault, wrapLog: log => new TamperedLog(log, applyBeforeAppend, () => undefined) },
  'fence-unchecked': { ...noClusterFault, createTampering: () => ({ ...noTampering, append: appendAnyway }) },
  'retried-as-new': { ...noClusterFault, createTampering: retryAsNew },
  'rewriting-unseen': {
    ...noClusterFault,
    createTampering: () => ({ ...noTampering, tamperScriptArguments: sendOneMark }),
  },
  'replica-unawaited': {
    ...noClusterFault,
    changeConfig: config => ({ ...config, RANKD_LOG_ACK: 'replicated' }),
    createTampering: () => ({ ...noTampering, tamperAwaitedOffset: () => 0 }),
  },
  'diverging-server': {
    ...noClusterFault,
    wrapLog: (log, index) => new TamperedLog(log, appendUnchanged, index === 0 ? swapFirstMembers : () => undefined),
  },
  'dropped-proposal': { ...noClusterFault, wrapLog: log => new TamperedLog(log, dropSomeProposals(), () => undefined) },
  'close-believed': { ...noClusterFault, wrapLog: log => new TamperedLog(log, believeClose, () => undefined) },
  'wall-times-believed': { ...noClusterFault, newFormats: simulatedFormats.old },
  'loss-unreported': {
    ...noClusterFault,
    createTampering: () => ({ ...noTampering, tamperScriptArguments: hideLoss }),
  },
  'held-epoch-ignored': {
    ...noClusterFault,
    wrapLog: log => new TamperedLog(log, ignoreHeldEpoch, () => undefined),
  },
  'dead-servers-believed': { ...noClusterFault, wrapLog: log => new UnawaitingLog(log) },
  'unknown-skipped': { ...noClusterFault, oldFormats: new SkippingFormats() },
  'short-leases': {
    ...noClusterFault,
    changeConfig: config => ({ ...config, RANKD_SUSPEND_MS: 20 }),
    tamperBytes: lengthenLeases,
  },
};

/** Fault: a server acts on its proposal before the entry is in the stream. */
function applyBeforeAppend(entry: Entry, log: OrderedLog, perform: AppliedListener): void {
  const group = entry.kind === 'command' ? log.groups.get(entry.group) : undefined;
  if (group !== undefined && entry.kind === 'command') perform(entry, group.apply(entry), 'here');
  log.append(entry);
}

/** Fault: Redis accepts an append to an old epoch. */
function appendAnyway(...[state, keys, args]: Parameters<typeof runAppend>): string {
  const newest = state.newestRecord(keys[0] ?? '');
  const isLate = args[0] === 'append' && newest !== undefined && parseId(newest[0])[0] > Number(args[1]);
  return runAppend(
    state,
    keys,
    isLate ? ['append', newest[0].slice(0, newest[0].indexOf('-')), ...args.slice(2)] : args,
  );
}

/** Fault: an append with an unknown outcome is repeated under a new batch number. */
function retryAsNew(): RedisTampering {
  const written = new Set<string>();
  let ahead = 0;
  return {
    ...noTampering,
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

/** Fault: all records have the same mark, so that no server notices a rewritten history. */
function sendOneMark(
  ...[script, args]: Parameters<RedisTampering['tamperScriptArguments']>
): ReturnType<RedisTampering['tamperScriptArguments']> {
  if (script !== appendScript) return args;
  return args.map((arg, index) => (index >= 6 && index % 2 === 0 ? 'same' : arg));
}

/** Fault: no server reports that Redis has lost records. */
function hideLoss(
  ...[script, args]: Parameters<RedisTampering['tamperScriptArguments']>
): ReturnType<RedisTampering['tamperScriptArguments']> {
  if (script !== appendScript) return args;
  return args.map(arg => (typeof arg === 'string' ? arg.replace(/,"epochLost":\d+/, '') : arg));
}

/** Fault: a leader whose connection has closed counts as stopped, although a proxy may have closed one end only. */
function believeClose(entry: Entry, log: OrderedLog): void {
  log.append(entry.kind === 'departed' && entry.how === 'lost' ? { ...entry, mayActMs: 0 } : entry);
}

/** Fault: no server believes the epoch that a client has held (R-JOIN-1). */
function ignoreHeldEpoch(entry: Entry, log: OrderedLog): void {
  log.append(entry.kind === 'joined' ? { ...entry, epochHeld: undefined } : entry);
}

/** Fault: clients receive a longer suspend time than the one that servers use. */
function lengthenLeases(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString().replace(/"suspendMs":\d+/g, '"suspendMs":4500'));
}

/** Fault: a server swaps its first two members. */
function swapFirstMembers(entry: Entry, log: OrderedLog): void {
  const roster = entry.kind === 'result' ? log.groups.get(entry.group)?.roster : undefined;
  const second = roster?.at(1);
  if (second !== undefined) roster?.move(second, 0);
}

/** Fault: every fiftieth proposal is dropped. */
function dropSomeProposals(): Append {
  let appended = 0;
  return (entry, log) => {
    appended += 1;
    if (appended % 50 !== 0) log.append(entry);
  };
}
