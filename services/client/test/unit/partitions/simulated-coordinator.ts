/** The coordinator of the partition simulation. */

import type { RosterMember, RosterMessage } from '@rankd/protocol';
import { viewOf } from '../messages.js';
import type { PartitionSimulation } from './partition-simulation.js';
import { DEAD_MS, EPOCH, SUSPEND_MS, type Claim, type SimulatedSession, type ToServer } from './simulated-session.js';

const HOUR_MS = 3_600_000;

type Change = { readonly kind: 'joined' } | { readonly kind: 'left'; readonly reason: string };
/** A server that only keeps a roster. It sends its views to every session in order (R-VIEW-2, R-VIEW-3). */
export class SimulatedCoordinator {
  readonly #simulation: PartitionSimulation;
  readonly #rows = new Map<string, RosterMember>();
  readonly #sessions = new Map<string, SimulatedSession>();
  readonly #secrets = new Map<string, number>();
  #changes: { readonly member: string; readonly row: RosterMember; readonly change: Change }[] = [];
  #view = 0;
  #sentView = 0;
  #admitted = 0;
  #removedAtMs = Number.NEGATIVE_INFINITY;

  constructor(simulation: PartitionSimulation) {
    this.#simulation = simulation;
  }

  get members(): readonly string[] {
    return [...this.#rows.keys()];
  }

  receive(session: SimulatedSession, message: ToServer): void {
    switch (message.type) {
      case 'hello':
        return this.#admit(session, message.resume);
      case 'pong':
        session.lastPongAtMs = this.#simulation.clock.nowMs;
        session.lastPong = message.n;
        return;
      case 'roster':
        this.sendViews();
        session.down.send(this.#roster());
        return;
      case 'leave':
        return this.#depart(session, 'LEFT');
      case 'closed':
        if (this.#simulation.options.graceMs > 0) this.#startGrace(session);
        else this.#depart(session, 'CLOSED');
    }
  }

  /** Removes a member. Its session receives the bye after all others have received the view. */
  remove(member: string): void {
    const session = this.#sessions.get(member);
    this.#removedAtMs = this.#simulation.clock.nowMs;
    if (session !== undefined) this.#depart(session, 'REMOVED');
    session?.down.send({ type: 'bye', retry: false });
  }

  sendPings(): void {
    const { clock } = this.#simulation;
    for (const session of [...this.#sessions.values()]) {
      if (clock.nowMs - session.lastPongAtMs >= DEAD_MS) {
        session.down.send({ type: 'bye', retry: true });
        if (this.#simulation.options.graceMs > 0) this.#startGrace(session);
        else this.#depart(session, 'HEARTBEAT_TIMEOUT');
        continue;
      }
      session.pings += 1;
      session.down.send({ type: 'ping', n: session.pings, seen: session.lastPong });
    }
  }

  /** Sends each session the changes since the last view that it received, in one frame. */
  sendViews(): void {
    for (const session of this.#sessions.values()) this.#sendView(session);
    this.#changes = [];
    this.#sentView = this.#view;
  }

  #admit(session: SimulatedSession, resume: Claim | undefined): void {
    // R-LEAD-1 does not cover a new roster before a removed member of the old one has received its bye.
    const coveredInMs = this.#removedAtMs + SUSPEND_MS - this.#simulation.clock.nowMs;
    if (this.#rows.size === 0 && coveredInMs > 0) {
      this.#simulation.clock.after(coveredInMs, () => this.#admit(session, resume));
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
      const joinedAt = new Date(this.#simulation.clock.nowMs + wrongMs(this.#admitted)).toISOString();
      this.#applyChange(session.member, { ...row, joinedAt, state: 'present' }, { kind: 'joined' });
    }
    session.lastPongAtMs = this.#simulation.clock.nowMs;
    session.sentView = this.#view;
    this.#sessions.set(session.member, session);
    const claim = { member: session.member, secret: (this.#secrets.get(session.member) ?? 0) + 1 };
    this.#secrets.set(claim.member, claim.secret);
    session.down.send({ type: 'welcome', claim, view: this.#view, isFounder: !resumes && this.#rows.size === 1 });
  }

  #startGrace(session: SimulatedSession): void {
    const { member } = session;
    if (member === undefined || this.#sessions.get(member) !== session) return;
    this.#sessions.delete(member);
    this.#simulation.clock.after(this.#simulation.options.graceMs, () => {
      if (!this.#sessions.has(member)) this.#removeRow(member, 'GRACE_ENDED');
    });
  }

  #depart(session: SimulatedSession, reason: string): void {
    const { member } = session;
    if (member === undefined || this.#sessions.get(member) !== session) return;
    this.#sessions.delete(member);
    this.#removeRow(member, reason);
  }

  #removeRow(member: string, reason: string): void {
    const row = this.#rows.get(member);
    if (row !== undefined) this.#applyChange(member, row, { kind: 'left', reason });
  }

  #applyChange(member: string, row: RosterMember, change: Change): void {
    this.#view += 1;
    if (change.kind === 'joined') this.#rows.set(member, row);
    else this.#rows.delete(member);
    this.#changes.push({ member, row, change });
    // Changes of one moment are sent together.
    if (this.#simulation.network === 'fair' || this.#simulation.random.chance(0.7))
      this.#simulation.clock.after(0, () => this.sendViews());
  }

  #sendView(session: SimulatedSession): void {
    if (session.sentView >= this.#view) return;
    const since = this.#changes.slice(Math.max(0, session.sentView - this.#sentView));
    const joined = new Map<string, RosterMember>();
    const left: { member: string; name: string; reason: string }[] = [];
    for (const { member, row, change } of since) {
      if (change.kind === 'joined') joined.set(member, row);
      else if (!joined.delete(member)) left.push({ member, name: 'x', reason: change.reason });
    }
    const isTooLong = this.#simulation.random.chance(0.1);
    const lists = isTooLong ? { reset: true } : { joined: [...joined.values()], left };
    session.sentView = this.#view;
    session.down.send(viewOf({ epoch: EPOCH, view: this.#view, changes: since.length, ...lists }));
    if (isTooLong) session.down.send(this.#roster());
  }

  #roster(): RosterMessage {
    const members = [...this.#rows.values()];
    return { type: 'roster', group: 'g', epoch: EPOCH, view: this.#view, size: members.length, members, more: false };
  }
}

/** By how much the wall clock is wrong when this member is admitted, ms. Operators set it forwards and back. */
function wrongMs(admitted: number): number {
  return ([0, HOUR_MS, -HOUR_MS][admitted % 3] ?? 0) + HOUR_MS;
}
