import { PartitionOwnership } from '../../../src/partitions/ownership.js';
import { RosterReplica, type RosterReplicaStep } from '../../../src/partitions/roster-replica.js';
import { Lease } from '../../../src/session/lease.js';
import type { PartitionSimulation } from './partition-simulation.js';
import { DEAD_MS, EPOCH, SimulatedSession, SUSPEND_MS, type Claim, type ToMember } from './simulated-session.js';

/** A worker: the library's lease, roster replica and ownership, connected to the simulated coordinator. */
export class SimulatedWorker {
  readonly #simulation: PartitionSimulation;
  readonly ownership: PartitionOwnership;
  readonly #roster = new RosterReplica();
  #session: SimulatedSession | undefined;
  #lease: Lease | undefined;
  #isSeated = false;
  claim: Claim | undefined;
  /** `gone`: it has crashed or left. */
  state: 'running' | 'leaving' | 'gone' = 'running';
  /** The process is stopped until this time: no timer fires and no frame is read. */
  stoppedUntilMs = 0;
  #helloSentAtMs = 0;
  readonly #inbox: { readonly session: SimulatedSession; readonly message: ToMember }[] = [];

  constructor(simulation: PartitionSimulation) {
    this.#simulation = simulation;
    this.ownership = new PartitionOwnership(simulation.options.count, simulation.options.handoverMs);
  }

  holds(partition: number): boolean {
    return this.state !== 'gone' && this.ownership.holds(partition, this.#simulation.clock.nowMs, this.#knownUntilMs);
  }

  get member(): string | undefined {
    return this.claim?.member;
  }

  get session(): SimulatedSession | undefined {
    return this.#session;
  }

  connect(): void {
    if (this.state !== 'running') return;
    const session = new SimulatedSession(this.#simulation, this);
    this.#session = session;
    this.#helloSentAtMs = this.#simulation.clock.nowMs;
    session.up.send({ type: 'hello', resume: this.claim });
    this.#simulation.clock.after(4 * SUSPEND_MS, () => {
      if (this.#session === session && !this.#isSeated) this.disconnect();
    });
  }

  /** Closes the worker's end of the connection. The worker owns nothing after that. The server notices later. */
  disconnect(): void {
    const session = this.#session;
    if (session === undefined) return;
    this.#session = undefined;
    this.#isSeated = false;
    session.down.isCut = true;
    this.#roster.markStale(Number.NEGATIVE_INFINITY);
    this.performActions();
    session.up.send({ type: 'closed' });
    this.#simulation.clock.after(this.#simulation.random.below(200), () => this.connect());
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
    if (this.state !== 'running' || this.#simulation.clock.nowMs < this.stoppedUntilMs) return;
    this.state = 'leaving';
    this.ownership.releaseAll(this.#simulation.clock.nowMs);
    this.performActions();
    this.#leaveOnceReleased();
  }

  receive(session: SimulatedSession, message: ToMember): void {
    this.#inbox.push({ session, message });
    this.#readInbox();
  }

  /** Handles all frames that have arrived, in order, unless the process is stopped. */
  #readInbox(): void {
    const { clock } = this.#simulation;
    if (clock.nowMs < this.stoppedUntilMs) {
      clock.after(this.stoppedUntilMs - clock.nowMs, () => this.#readInbox());
      return;
    }
    for (const { session, message } of this.#inbox.splice(0)) this.#handleMessage(session, message);
  }

  #handleMessage(session: SimulatedSession, message: ToMember): void {
    const { clock } = this.#simulation;
    if (this.state === 'gone' || this.#session !== session) return;
    switch (message.type) {
      case 'welcome':
        return this.#handleWelcome(message);
      case 'ping':
        this.performActions();
        this.#lease?.recordPing(message.n, message.seen, clock.nowMs);
        session.up.send({ type: 'pong', n: message.n });
        return this.performActions();
      case 'view':
        return this.#applyStep(this.#roster.applyView(message, this.#leaseExpiresAtMs));
      case 'roster':
        return this.#applyStep(this.#roster.applyRosterFrame(message));
      case 'bye':
        if (!message.retry) this.claim = undefined;
        return this.disconnect();
    }
  }

  performActions(): void {
    const { clock } = this.#simulation;
    if (this.state === 'gone' || clock.nowMs < this.stoppedUntilMs) return;
    for (const action of this.ownership.collectActions(clock.nowMs, this.#knownUntilMs)) {
      if (action.kind === 'acquire') this.#simulation.checkAcquisition(this, action.partition, action.fence);
      if (action.kind === 'release') this.#release(action.partition, action.deadlineMs);
    }
  }

  /** Releases a partition: usually before the deadline, sometimes not. */
  #release(partition: number, deadlineMs: number): void {
    const takesMs = this.#simulation.random.below(Math.ceil(deadlineMs * 1.3) + 1);
    this.#simulation.clock.after(takesMs, () => {
      if (this.state === 'gone' || !this.holds(partition)) return;
      this.ownership.recordRelease(partition, this.#simulation.clock.nowMs);
      this.performActions();
    });
  }

  #handleWelcome({ claim, view, isFounder }: Extract<ToMember, { readonly type: 'welcome' }>): void {
    const { member } = claim;
    if (member === this.claim?.member) this.#roster.markStale(Number.NEGATIVE_INFINITY);
    else this.#roster.reset(EPOCH, view);
    this.claim = claim;
    this.#isSeated = true;
    this.#lease = new Lease(this.#helloSentAtMs, { suspendMs: SUSPEND_MS, deadMs: DEAD_MS });
    const suspendMs = this.#simulation.options.believedSuspendMs ?? SUSPEND_MS;
    this.ownership.setSeat({ member, epoch: EPOCH, suspendMs, isFounder }, this.#simulation.clock.nowMs);
    this.#session?.up.send({ type: 'roster' });
    this.performActions();
  }

  #applyStep(step: RosterReplicaStep): void {
    if (step.kind === 'ask') this.#session?.up.send({ type: 'roster' });
    if (step.kind === 'changed') this.ownership.applyChange(step.change, this.#simulation.clock.nowMs);
    this.performActions();
  }

  #leaveOnceReleased(): void {
    if (this.state === 'gone') return;
    if (this.ownership.heldOrReleasing.length > 0) {
      this.#simulation.clock.after(10, () => {
        this.performActions();
        this.#leaveOnceReleased();
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
