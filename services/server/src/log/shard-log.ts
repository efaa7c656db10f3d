import type { Clock } from '../clock.js';
import {
  Coordinator,
  Fleet,
  type Entry,
  type Group,
  type Parcel,
  type PendingEffects,
  type Rules,
  type ServerEntry,
  type ServerId,
  type Step,
} from '../core/index.js';
import type { Origin, Performer } from './ordered-log.js';
import { Outgoing } from './outgoing.js';
import { bodyOf, readBody, type ShardSnapshot } from './record-body.js';
import type { AppendOutcome } from './stream/append-outcome.js';
import type { BrokenWhy } from './stream/overlap.js';
import { idOf, isBefore, type StreamPlace } from './stream/stream-place.js';
import type { Anchor, StreamRecord } from './stream/stream-record.js';
import type { StreamListener } from './stream/following.js';

/**
 * A snapshot is due after so many entries, or so long after the last one where there were any: a server that starts has to apply
 * what stands behind it before the others, who hear nothing of it meanwhile, take it for lost.
 */
const SNAPSHOT_ENTRIES = 50_000;
const SNAPSHOT_MS = 60_000;

/** A stream of records in Redis, as far as an order needs it. */
export interface RecordStream {
  open(
    listener: StreamListener,
    genesis: string,
  ): Promise<{ readonly snapshot: { readonly place: StreamPlace; readonly text: string } | undefined }>;
  /** The last record that was told; stays what it is when the stream breaks. Undefined before the first open(). */
  readonly last: Anchor | undefined;
  /** False where the stream holds another history than that in which this was read. @throws StreamError `unavailable` */
  holds(anchor: Anchor): Promise<boolean>;
  append(bodies: readonly string[], epoch: number): Promise<AppendOutcome>;
  beginEpoch(epoch: number, body: string): Promise<AppendOutcome>;
  saveSnapshot(place: StreamPlace, text: string): Promise<void>;
  trim(before: StreamPlace): Promise<void>;
}

/** Why a server cannot go on as it is: it begins a new life. */
export type LifeOverWhy = BrokenWhy | 'declared-lost' | 'overfull';

/** What a life of a server leaves to the next one, of one shard. */
export interface ShardLegacy {
  /** What it had read last. */
  readonly last: Anchor | undefined;
  /** What it may have told of: epochs up to this one. */
  readonly epochLast: number;
}

export interface ShardPorts {
  readonly clock: Clock;
  readonly stream: RecordStream;
  /** This life of this server. */
  readonly server: ServerId;
  /** Its life before, which is over. */
  readonly replaces: ServerId | undefined;
  /** Undefined in the first life of this server. */
  readonly legacy: ShardLegacy | undefined;
  readonly name: string;
  readonly rules: Rules;
  /** What the first server of all begins with. */
  readonly epochLast: number;
  /** Is what this server sends held back until a replica has it? */
  readonly holdsUntilAcked: boolean;
  readonly perform: Performer;
  /** A group that stands before the first entry is performed. */
  readonly found: (group: Group) => void;
  /** How long a write to the stream took. */
  readonly wrote: (seconds: number) => void;
  readonly over: (why: LifeOverWhy) => void;
}

/**
 * The order of one shard: applies what stands in the stream, and puts into it what this server proposes. Whatever goes wrong
 * with the stream ends this life of the server; the next one begins from what the stream holds then.
 */
export class ShardLog {
  readonly #ports: ShardPorts;
  readonly #outgoing: Outgoing;
  #coordinator: Coordinator;
  #fleet = new Fleet();
  #place: StreamPlace = { epoch: 1, seq: 0 };
  #unapplied: StreamRecord[] = [];
  #state: 'catching-up' | 'current' | 'over' = 'catching-up';
  #entered: () => void = () => undefined;
  /** A record that brings none counts as one. */
  #entriesApplied = 0;
  /** When the last of its own beats that was read back had been sent. */
  #heardAtMs = 0;
  #writing: Promise<unknown> = Promise.resolve();
  #beatsSent: { readonly applied: string; readonly atMs: number }[] = [];
  #snapshotAt: { readonly entries: number; readonly ms: number };

  constructor(ports: ShardPorts) {
    this.#ports = ports;
    this.#coordinator = new Coordinator(ports.rules, ports.epochLast);
    this.#snapshotAt = { entries: 0, ms: ports.clock.monotonicMs() };
    this.#outgoing = new Outgoing(ports.server, {
      clock: ports.clock,
      append: async body => await this.#write(() => ports.stream.append([body], this.#epochRead)),
      acked: () => this.#apply(),
      overfull: () => this.#end('overfull'),
    });
  }

  get coordinator(): Coordinator {
    return this.#coordinator;
  }

  get fleet(): Fleet {
    return this.#fleet;
  }

  /** The last record that was applied. */
  get place(): StreamPlace {
    return this.#place;
  }

  /** Records that were read and wait to be applied. */
  get lagRecords(): number {
    return this.#unapplied.length;
  }

  /** For the next life of this server. */
  get legacy(): ShardLegacy {
    return { last: this.#ports.stream.last, epochLast: this.#coordinator.epochLast };
  }

  /** When, by the monotonic clock, this server last knew to be heard by the others. */
  get heardAtMs(): number {
    return this.#heardAtMs;
  }

  /** Resolves once this server stands in the order and has applied everything before that. */
  async enter(): Promise<void> {
    const { stream, rules, epochLast, clock, name, replaces } = this.#ports;
    const epochLost = await this.#epochLost();
    const listener: StreamListener = {
      records: records => {
        this.#unapplied.push(...records);
        this.#apply();
      },
      broken: why => this.#end(why),
    };
    const entered = new Promise<void>(resolve => (this.#entered = resolve));
    const { snapshot } = await stream.open(listener, bodyOf({ kind: 'genesis', epochLast, rules }));
    if (snapshot !== undefined) this.#load(snapshot.place, snapshot.text);
    this.#outgoing.append({ kind: 'server-up', at: clock.wallMs(), name, rules, replaces, epochLost });
    await entered;
  }

  /** Has Redis lost what this server's life before has read, and perhaps told? */
  async #epochLost(): Promise<number | undefined> {
    const { legacy, stream } = this.#ports;
    if (legacy?.last === undefined || (await stream.holds(legacy.last))) return undefined;
    return legacy.epochLast;
  }

  append(entry: Entry | ServerEntry): void {
    this.#outgoing.append(entry);
  }

  /** It lives; and whoever has not been heard of for too long is declared lost. */
  beat(): void {
    const { clock, server } = this.#ports;
    const at = clock.wallMs();
    const applied = idOf(this.#place);
    this.#beatsSent.push({ applied, atMs: clock.monotonicMs() });
    this.#outgoing.append({ kind: 'server-beat', at, applied });
    for (const lost of this.#fleet.overdue(server)) this.#outgoing.append({ kind: 'server-lost', at, server: lost });
    void this.#keep();
  }

  /** The connection to Redis is back; it may be another Redis. */
  async beginEpoch(): Promise<void> {
    if (this.#state !== 'current') return;
    await this.#write(() => this.#ports.stream.beginEpoch(this.#epochRead + 1, bodyOf({ kind: 'epoch' })));
  }

  /** What timers have to be set for that other servers, or an earlier life, had set. */
  pending(): PendingEffects[] {
    return this.#coordinator.pending(this.#ports.clock.wallMs());
  }

  /** Resolves once nothing of it is under way any more. */
  async close(): Promise<void> {
    this.#state = 'over';
    this.#outgoing.close();
    this.#unapplied = [];
    await this.#writing;
  }

  /** Of the last record read, applied or not: what is held until its append is known to stay must not keep that append out. */
  get #epochRead(): number {
    return (this.#unapplied.at(-1)?.place ?? this.#place).epoch;
  }

  /** A stream takes one write at a time. */
  async #write(write: () => Promise<AppendOutcome>): Promise<AppendOutcome> {
    const writing = this.#writing.then(async () => {
      const { clock, wrote } = this.#ports;
      const beganMs = clock.monotonicMs();
      const outcome = await write();
      wrote((clock.monotonicMs() - beganMs) / 1000);
      return outcome;
    });
    this.#writing = writing.catch(() => undefined);
    return await writing;
  }

  #end(why: LifeOverWhy): void {
    if (this.#state === 'over') return;
    void this.close();
    this.#ports.over(why);
  }

  #load(place: StreamPlace, text: string): void {
    const { rules, servers, coordinator } = JSON.parse(text) as ShardSnapshot;
    this.#coordinator = Coordinator.fromSnapshot(rules, coordinator);
    this.#fleet = new Fleet(servers);
    this.#place = place;
    for (const group of this.#coordinator.groups.values()) this.#ports.found(group);
  }

  /** One after the other, as far as what this server has sent itself is known to stay. */
  #apply(): void {
    while (this.#state !== 'over') {
      const [record] = this.#unapplied;
      if (record === undefined) return;
      const body = readBody(record.body);
      if (body === undefined) {
        this.#end('malformed');
        return;
      }
      const isHeld =
        this.#ports.holdsUntilAcked && body.kind === 'parcel' && this.#isOwn(body) && this.#outgoing.isUnacked(body.n);
      if (isHeld) return;
      this.#unapplied.shift();
      this.#place = record.place;
      this.#entriesApplied += body.kind === 'parcel' ? Math.max(1, body.entries.length) : 1;
      if (body.kind === 'genesis') this.#coordinator = new Coordinator(body.rules, body.epochLast);
      if (body.kind === 'parcel') this.#take(body);
    }
  }

  #isOwn({ from }: Parcel): boolean {
    return from === this.#ports.server;
  }

  #take(parcel: Parcel): void {
    const isOwn = this.#isOwn(parcel);
    const steps = this.#fleet.take(parcel);
    for (const step of steps) {
      this.#perform(step, isOwn ? 'here' : 'elsewhere');
      if (this.#isOver()) return;
    }
    if (!isOwn) return;
    this.#hear(parcel);
    this.#outgoing.readBack(parcel.n);
    if (this.#state === 'catching-up' && parcel.n === 1) {
      this.#state = 'current';
      this.#entered();
    }
  }

  #isOver(): boolean {
    return this.#state === 'over';
  }

  #hear({ n, entries }: Parcel): void {
    for (const entry of entries) {
      if (entry.kind === 'server-beat') this.#heardAtMs = this.#beatsSent.shift()?.atMs ?? this.#heardAtMs;
    }
    if (n === 1) this.#heardAtMs = this.#ports.clock.monotonicMs();
  }

  #perform(step: Step, origin: Origin): void {
    switch (step.kind) {
      case 'rules':
        this.#coordinator.adopt(step.rules);
        return;
      case 'order-lost':
        this.#renew(step, origin);
        return;
      case 'entry':
        this.#ports.perform(step.entry, this.#coordinator.apply(step.entry), origin);
        return;
      case 'gone': {
        const { server, reason, at } = step;
        if (server === this.#ports.server && reason === 'SERVER_LOST') {
          this.#end('declared-lost');
          return;
        }
        for (const group of [...this.#coordinator.groups.keys()]) {
          const entry = { kind: 'server-gone', group, at, server, reason } as const;
          this.#ports.perform(entry, this.#coordinator.apply(entry), origin);
        }
        // What stands behind its own goodbye is for others to tell: its members are theirs.
        if (server === this.#ports.server) void this.close();
        return;
      }
    }
  }

  /** Another server has read what is lost and this one has not; but its members, too, are told of another order now. */
  #renew({ at, epochLost }: Extract<Step, { kind: 'order-lost' }>, origin: Origin): void {
    const renewals = this.#coordinator.renew(at, epochLost);
    if (this.#state === 'current' && renewals.length > 0) this.#end('rewritten');
    else for (const { entry, effects } of renewals) this.#ports.perform(entry, effects, origin);
  }

  /** One of the servers keeps snapshots, and lets go of what all have applied. */
  async #keep(): Promise<void> {
    const { clock, server, stream } = this.#ports;
    const { servers } = this.#fleet;
    if (servers[0]?.id !== server || this.#state !== 'current') return;
    const entries = this.#entriesApplied - this.#snapshotAt.entries;
    const isDue =
      entries >= SNAPSHOT_ENTRIES || (entries > 0 && clock.monotonicMs() - this.#snapshotAt.ms >= SNAPSHOT_MS);
    if (!isDue) return;
    this.#snapshotAt = { entries: this.#entriesApplied, ms: clock.monotonicMs() };
    const { rules } = this.#coordinator;
    const snapshot: ShardSnapshot = { v: 1, rules, servers, coordinator: this.#coordinator.snapshot() };
    const place = this.#place;
    const slowest = servers.reduce((least, { applied }) => earlier(least, applied), place);
    try {
      await stream.saveSnapshot(place, JSON.stringify(snapshot));
      await stream.trim(slowest);
    } catch {
      // Redis is away, or slow: the next one comes.
    }
  }
}

/** `applied`: as in a beat; of a server that has said nothing yet it is empty. */
function earlier(place: StreamPlace, applied: string): StreamPlace {
  const [epoch = 0, seq = 0] = applied.split('-').map(Number);
  const other = { epoch, seq };
  return isBefore(other, place) ? other : place;
}
