import type { RosterMember, RosterMessage, ViewMessage } from '@rankd/protocol';
import { SeededRandom, VirtualClock } from '@rankd/testkit';
import { PartitionOwnership } from '../../../src/partitions/ownership.js';
import { hashMember, outweighs } from '../../../src/partitions/rendezvous-hash.js';
import { RosterReplica, type RosterReplicaStep } from '../../../src/partitions/roster-replica.js';
import { Lease } from '../../../src/session/lease.js';
import type { Fence } from '../../../src/session/seat.js';
import { viewOf } from '../messages.js';

export const HEARTBEAT_MS = 100;
export const SUSPEND_MS = 300;
export const DEAD_MS = 500;
const EPOCH = 70;

export interface WorldOptions {
  readonly seed: number;
  readonly count: number;
  readonly handoverMs: number;
  readonly members: number;
  /** How long a seat is kept whose connection is lost; 0: not. */
  readonly graceMs: number;
  /** What members take `suspendMs` for; the true one unless a fault is planted. */
  readonly believedSuspendMs?: number;
}

type Change = { readonly kind: 'joined' } | { readonly kind: 'left'; readonly reason: string };
/** R-JOIN-6. Here each secret is good once, so that no hello that was long under way takes a seat back. */
interface Claim {
  readonly member: string;
  readonly secret: number;
}
type ToMember =
  | { readonly type: 'welcome'; readonly claim: Claim; readonly view: number; readonly isFounder: boolean }
  | { readonly type: 'ping'; readonly n: number; readonly seen: number }
  | { readonly type: 'bye'; readonly retry: boolean }
  | ViewMessage
  | RosterMessage;
type ToServer =
  | { readonly type: 'hello'; readonly resume: Claim | undefined }
  | { readonly type: 'pong'; readonly n: number }
  | { readonly type: 'roster' }
  | { readonly type: 'leave' }
  | { readonly type: 'closed' };

/** One way of a connection: what is sent arrives in order, each after a delay of its own, and nothing while it is held up. */
class Pipe<Message> {
  readonly #world: World;
  readonly #take: (message: Message) => void;
  #freeFromMs = 0;
  isCut = false;

  constructor(world: World, take: (message: Message) => void) {
    this.#world = world;
    this.#take = take;
  }

  send(message: Message): void {
    const { clock, random, weather } = this.#world;
    const delayMs = weather === 'rough' && random.chance(0.05) ? random.below(2 * SUSPEND_MS) : random.below(20);
    const atMs = Math.max(clock.nowMs + delayMs, this.#freeFromMs);
    this.#freeFromMs = atMs;
    clock.after(atMs - clock.nowMs, () => {
      if (!this.isCut) this.#take(message);
    });
  }

  holdUp(ms: number): void {
    this.#freeFromMs = Math.max(this.#freeFromMs, this.#world.clock.nowMs + ms);
  }
}

/** A connection as the model of the coordinator sees it. */
class Session {
  readonly down: Pipe<ToMember>;
  readonly up: Pipe<ToServer>;
  member: string | undefined;
  heardAtMs: number;
  pings = 0;
  seen = 0;
  toldView = 0;

  constructor(world: World, process: Process) {
    this.down = new Pipe<ToMember>(world, message => process.took(this, message));
    this.up = new Pipe<ToServer>(world, message => world.server.took(this, message));
    this.heardAtMs = world.clock.nowMs;
  }
}

/** The coordinator, as far as the roster goes: one order of views, told to each in that order (R-VIEW-2, R-VIEW-3). */
class Server {
  readonly #world: World;
  readonly #rows = new Map<string, RosterMember>();
  readonly #sessions = new Map<string, Session>();
  readonly #secrets = new Map<string, number>();
  #changes: { readonly member: string; readonly row: RosterMember; readonly change: Change }[] = [];
  #view = 0;
  #toldView = 0;
  #admitted = 0;
  #putOutAtMs = Number.NEGATIVE_INFINITY;

  constructor(world: World) {
    this.#world = world;
  }

  get members(): readonly string[] {
    return [...this.#rows.keys()];
  }

  took(session: Session, message: ToServer): void {
    switch (message.type) {
      case 'hello':
        return this.#admit(session, message.resume);
      case 'pong':
        session.heardAtMs = this.#world.clock.nowMs;
        session.seen = message.n;
        return;
      case 'roster':
        this.flush();
        session.down.send(this.#roster());
        return;
      case 'leave':
        return this.#depart(session, 'LEFT');
      case 'closed':
        if (this.#world.options.graceMs > 0) this.#goAway(session);
        else this.#depart(session, 'CLOSED');
    }
  }

  /** Puts a member out: it is told last of all. */
  remove(member: string): void {
    const session = this.#sessions.get(member);
    this.#putOutAtMs = this.#world.clock.nowMs;
    if (session !== undefined) this.#depart(session, 'REMOVED');
    session?.down.send({ type: 'bye', retry: false });
  }

  beat(): void {
    const { clock } = this.#world;
    for (const session of [...this.#sessions.values()]) {
      if (clock.nowMs - session.heardAtMs >= DEAD_MS) {
        session.down.send({ type: 'bye', retry: true });
        if (this.#world.options.graceMs > 0) this.#goAway(session);
        else this.#depart(session, 'HEARTBEAT_TIMEOUT');
        continue;
      }
      session.pings += 1;
      session.down.send({ type: 'ping', n: session.pings, seen: session.seen });
    }
  }

  /** Everybody is told what has changed since they were told last, in one frame. */
  flush(): void {
    for (const session of this.#sessions.values()) this.#tell(session);
    this.#changes = [];
    this.#toldView = this.#view;
  }

  #admit(session: Session, resume: Claim | undefined): void {
    // What the promise does not cover: an order that begins anew while somebody of the one before has yet to hear of its end.
    const coveredInMs = this.#putOutAtMs + SUSPEND_MS - this.#world.clock.nowMs;
    if (this.#rows.size === 0 && coveredInMs > 0) {
      this.#world.clock.after(coveredInMs, () => this.#admit(session, resume));
      return;
    }
    const resumes =
      resume !== undefined && this.#rows.has(resume.member) && this.#secrets.get(resume.member) === resume.secret;
    if (resumes) {
      session.member = resume.member;
    } else {
      this.#admitted += 1;
      session.member = `m${this.#admitted}`;
      const row = { rank: this.#rows.size, member: session.member, name: 'x', slot: 0, tags: {}, address: '' };
      const joinedAt = new Date(this.#world.clock.nowMs).toISOString();
      this.#change(session.member, { ...row, joinedAt, state: 'present' }, { kind: 'joined' });
    }
    session.heardAtMs = this.#world.clock.nowMs;
    session.toldView = this.#view;
    this.#sessions.set(session.member, session);
    const claim = { member: session.member, secret: (this.#secrets.get(session.member) ?? 0) + 1 };
    this.#secrets.set(claim.member, claim.secret);
    session.down.send({ type: 'welcome', claim, view: this.#view, isFounder: !resumes && this.#rows.size === 1 });
  }

  #goAway(session: Session): void {
    const { member } = session;
    if (member === undefined || this.#sessions.get(member) !== session) return;
    this.#sessions.delete(member);
    this.#world.clock.after(this.#world.options.graceMs, () => {
      if (!this.#sessions.has(member)) this.#leave(member, 'GRACE_ENDED');
    });
  }

  #depart(session: Session, reason: string): void {
    const { member } = session;
    if (member === undefined || this.#sessions.get(member) !== session) return;
    this.#sessions.delete(member);
    this.#leave(member, reason);
  }

  #leave(member: string, reason: string): void {
    const row = this.#rows.get(member);
    if (row !== undefined) this.#change(member, row, { kind: 'left', reason });
  }

  #change(member: string, row: RosterMember, change: Change): void {
    this.#view += 1;
    if (change.kind === 'joined') this.#rows.set(member, row);
    else this.#rows.delete(member);
    this.#changes.push({ member, row, change });
    // Changes of one turn are told together.
    if (this.#world.weather === 'fair' || this.#world.random.chance(0.7))
      this.#world.clock.after(0, () => this.flush());
  }

  #tell(session: Session): void {
    if (session.toldView >= this.#view) return;
    const since = this.#changes.slice(Math.max(0, session.toldView - this.#toldView));
    const joined = new Map<string, RosterMember>();
    const left: { member: string; name: string; reason: string }[] = [];
    for (const { member, row, change } of since) {
      if (change.kind === 'joined') joined.set(member, row);
      else if (!joined.delete(member)) left.push({ member, name: 'x', reason: change.reason });
    }
    const isTooLong = this.#world.random.chance(0.1);
    const lists = isTooLong ? { reset: true } : { joined: [...joined.values()], left };
    session.toldView = this.#view;
    session.down.send(viewOf({ epoch: EPOCH, view: this.#view, changes: since.length, ...lists }));
    if (isTooLong) session.down.send(this.#roster());
  }

  #roster(): RosterMessage {
    const members = [...this.#rows.values()];
    return { type: 'roster', group: 'g', epoch: EPOCH, view: this.#view, size: members.length, members, more: false };
  }
}

/** One worker: the library's own lease, roster replica and ownership, on a connection of the model. */
export class Process {
  readonly #world: World;
  readonly ownership: PartitionOwnership;
  readonly #roster = new RosterReplica();
  #session: Session | undefined;
  #lease: Lease | undefined;
  #isSeated = false;
  claim: Claim | undefined;
  /** Leaves for good, crashed or after its goodbye. */
  state: 'running' | 'leaving' | 'gone' = 'running';
  /** Until when it stands still: neither timers nor frames get to it. */
  stoppedUntilMs = 0;
  #helloSentAtMs = 0;
  readonly #inbox: { readonly session: Session; readonly message: ToMember }[] = [];

  constructor(world: World) {
    this.#world = world;
    this.ownership = new PartitionOwnership(world.options.count, world.options.handoverMs);
  }

  holds(partition: number): boolean {
    return this.state !== 'gone' && this.ownership.holds(partition, this.#world.clock.nowMs, this.#knownUntilMs);
  }

  get member(): string | undefined {
    return this.claim?.member;
  }

  get session(): Session | undefined {
    return this.#session;
  }

  connect(): void {
    if (this.state !== 'running') return;
    const session = new Session(this.#world, this);
    this.#session = session;
    this.#helloSentAtMs = this.#world.clock.nowMs;
    session.up.send({ type: 'hello', resume: this.claim });
    this.#world.clock.after(4 * SUSPEND_MS, () => {
      if (this.#session === session && !this.#isSeated) this.disconnect();
    });
  }

  /** Its own end closes: it holds nothing from now on, and the server hears of that later. */
  disconnect(): void {
    const session = this.#session;
    if (session === undefined) return;
    this.#session = undefined;
    this.#isSeated = false;
    session.down.isCut = true;
    this.#roster.markStale(Number.NEGATIVE_INFINITY);
    this.look();
    session.up.send({ type: 'closed' });
    this.#world.clock.after(this.#world.random.below(200), () => this.connect());
  }

  crash(): void {
    const session = this.#session;
    this.state = 'gone';
    if (session === undefined) return;
    this.#session = undefined;
    session.down.isCut = true;
    session.up.send({ type: 'closed' });
  }

  leave(): void {
    if (this.state !== 'running' || this.#world.clock.nowMs < this.stoppedUntilMs) return;
    this.state = 'leaving';
    this.ownership.releaseAll(this.#world.clock.nowMs);
    this.look();
    this.#sayGoodbye();
  }

  took(session: Session, message: ToMember): void {
    this.#inbox.push({ session, message });
    this.#read();
  }

  /** Everything that has come, in its order, unless it stands still. */
  #read(): void {
    const { clock } = this.#world;
    if (clock.nowMs < this.stoppedUntilMs) {
      clock.after(this.stoppedUntilMs - clock.nowMs, () => this.#read());
      return;
    }
    for (const { session, message } of this.#inbox.splice(0)) this.#act(session, message);
  }

  #act(session: Session, message: ToMember): void {
    const { clock } = this.#world;
    if (this.state === 'gone' || this.#session !== session) return;
    switch (message.type) {
      case 'welcome':
        return this.#welcomed(message);
      case 'ping':
        this.look();
        this.#lease?.recordPing(message.n, message.seen, clock.nowMs);
        session.up.send({ type: 'pong', n: message.n });
        return this.look();
      case 'view':
        return this.#take(this.#roster.applyView(message, this.#leaseExpiresAtMs));
      case 'roster':
        return this.#take(this.#roster.applyRosterFrame(message));
      case 'bye':
        if (!message.retry) this.claim = undefined;
        return this.disconnect();
    }
  }

  look(): void {
    const { clock } = this.#world;
    if (this.state === 'gone' || clock.nowMs < this.stoppedUntilMs) return;
    for (const action of this.ownership.collectActions(clock.nowMs, this.#knownUntilMs)) {
      if (action.kind === 'acquire') this.#world.acquired(this, action.partition, action.fence);
      if (action.kind === 'release') this.#release(action.partition, action.deadlineMs);
    }
  }

  /** Most are given up in time, some are not. */
  #release(partition: number, deadlineMs: number): void {
    const takesMs = this.#world.random.below(Math.ceil(deadlineMs * 1.3) + 1);
    this.#world.clock.after(takesMs, () => {
      if (this.state === 'gone' || !this.holds(partition)) return;
      this.ownership.recordRelease(partition, this.#world.clock.nowMs);
      this.look();
    });
  }

  #welcomed({ claim, view, isFounder }: Extract<ToMember, { readonly type: 'welcome' }>): void {
    const { member } = claim;
    if (member === this.claim?.member) this.#roster.markStale(Number.NEGATIVE_INFINITY);
    else this.#roster.reset(EPOCH, view);
    this.claim = claim;
    this.#isSeated = true;
    this.#lease = new Lease(this.#helloSentAtMs, { suspendMs: SUSPEND_MS, deadMs: DEAD_MS });
    const suspendMs = this.#world.options.believedSuspendMs ?? SUSPEND_MS;
    this.ownership.setSeat({ member, epoch: EPOCH, suspendMs, isFounder }, this.#world.clock.nowMs);
    this.#session?.up.send({ type: 'roster' });
    this.look();
  }

  #take(step: RosterReplicaStep): void {
    if (step.kind === 'ask') this.#session?.up.send({ type: 'roster' });
    if (step.kind === 'changed') this.ownership.applyChange(step.change, this.#world.clock.nowMs);
    this.look();
  }

  #sayGoodbye(): void {
    if (this.state === 'gone') return;
    if (this.ownership.heldOrReleasing.length > 0) {
      this.#world.clock.after(10, () => {
        this.look();
        this.#sayGoodbye();
      });
      return;
    }
    this.#session?.up.send({ type: 'leave' });
    this.state = 'gone';
  }

  get #leaseExpiresAtMs(): number {
    return this.#isSeated ? (this.#lease?.expiresAtMs ?? Number.NEGATIVE_INFINITY) : Number.NEGATIVE_INFINITY;
  }

  get #knownUntilMs(): number {
    return this.#roster.knownUntilMs(this.#leaseExpiresAtMs);
  }
}

/** A coordinator, workers, and everything that can happen to them; says where two hold one partition. */
export class World {
  readonly options: WorldOptions;
  readonly clock = new VirtualClock();
  readonly random: SeededRandom;
  readonly server: Server;
  readonly faults: string[] = [];
  processes: Process[] = [];
  weather: 'rough' | 'fair' = 'rough';
  acquisitions = 0;
  readonly #lastFence = new Map<number, { readonly fence: Fence; readonly holder: Process }>();

  constructor(options: WorldOptions) {
    this.options = options;
    this.random = new SeededRandom(options.seed);
    this.server = new Server(this);
    const beat = (): void => {
      this.server.beat();
      this.clock.after(HEARTBEAT_MS, beat);
    };
    const look = (): void => {
      for (const process of this.processes) process.look();
      this.clock.after(5, look);
    };
    beat();
    look();
  }

  acquired(holder: Process, partition: number, fence: Fence): void {
    this.acquisitions += 1;
    for (const other of this.processes) {
      if (other === holder || !other.holds(partition)) continue;
      this.faults.push(`at ${this.clock.nowMs}: ${holder.member} takes ${partition}, which ${other.member} holds`);
    }
    const last = this.#lastFence.get(partition);
    if (last !== undefined && last.holder !== holder && fence.view <= last.fence.view) {
      this.faults.push(`the token of ${partition} went from ${last.fence.view} to ${fence.view}`);
    }
    this.#lastFence.set(partition, { fence, holder });
  }

  /** Lets things happen for a while, then nothing but what has been begun. */
  run(steps: number): void {
    for (let step = 0; step < steps; step += 1) {
      this.#somethingHappens();
      this.clock.pass(this.random.below(80));
    }
    this.weather = 'fair';
    this.server.flush();
    this.#replenish();
    this.clock.pass(20 * DEAD_MS + 3 * this.options.handoverMs + this.options.graceMs);
  }

  /** By weighing everybody: who should have it. */
  ownerOf(partition: number): string | undefined {
    return this.server.members
      .map(hashMember)
      .reduce<
        ReturnType<typeof hashMember> | undefined
      >((best, each) => (best === undefined || outweighs(each, best, partition) ? each : best), undefined)?.member;
  }

  /** Who holds it now. */
  holdersOf(partition: number): readonly (string | undefined)[] {
    return this.processes.filter(process => process.holds(partition)).map(({ member }) => member);
  }

  #replenish(): void {
    this.processes = this.processes.filter(({ state }) => state !== 'gone');
    while (this.processes.length < this.options.members) {
      const process = new Process(this);
      this.processes.push(process);
      process.connect();
    }
  }

  #somethingHappens(): void {
    const { random } = this;
    const process = random.pick(this.processes);
    const dice = random.below(12);
    if (process === undefined || dice < 2) return this.#replenish();
    if (dice < 4) process.session?.down.holdUp(random.below(2 * DEAD_MS));
    else if (dice < 6) process.session?.up.holdUp(random.below(2 * DEAD_MS));
    else if (dice === 6) process.stoppedUntilMs = this.clock.nowMs + random.below(2 * DEAD_MS);
    else if (dice === 7) process.crash();
    else if (dice === 8) process.leave();
    else if (dice === 9) process.disconnect();
    else if (dice === 10 && process.member !== undefined) this.server.remove(process.member);
    else this.server.flush();
  }
}
