import { Admission } from './membership/admission.js';
import { assertNever } from './assert-never.js';
import { SnapshotRefs } from './commands/snapshot-refs.js';
import { CommandProcessor } from './commands/command-processor.js';
import type { Effect } from './effects.js';
import type { GroupEntry, JoinedEntry } from './entries.js';
import { GracePeriods } from './membership/grace-period.js';
import { LeaderHandover } from './membership/leader-handover.js';
import { sessionOf, type SessionId } from './roster/member.js';
import { VersionedRoster } from './roster/versioned-roster.js';
import type { Roster } from './roster/roster.js';
import type { GroupLimits } from './group-limits.js';
import type { GroupSnapshot } from './snapshot.js';
import { Departures } from './membership/departures.js';

/**
 * One independent rank order (protocol: Terms). `apply` is the only way in which it changes, and its effects are the only
 * way in which that shows. Applying the same entries to two of them leaves both alike.
 */
export class Group {
  readonly name: string;
  readonly #order: VersionedRoster;
  readonly #admission: Admission;
  readonly #grace: GracePeriods;
  readonly #handover: LeaderHandover;
  readonly #commanding: CommandProcessor;
  readonly #succession: Departures;

  constructor(name: string, epoch: number, rules: GroupLimits) {
    this.name = name;
    const order = new VersionedRoster(epoch, rules.historyMax);
    const admission = new Admission(name, order, rules);
    const grace = new GracePeriods(order, rules);
    const handover = new LeaderHandover(order, rules);
    const commanding = new CommandProcessor(order, rules);
    this.#order = order;
    this.#admission = admission;
    this.#grace = grace;
    this.#handover = handover;
    this.#commanding = commanding;
    this.#succession = new Departures({ order, admission, grace, handover, commanding });
  }

  get epoch(): number {
    return this.#order.epoch;
  }

  get view(): number {
    return this.#order.view;
  }

  get seq(): number {
    return this.#order.seq;
  }

  /** The view in which the present rank 0 became it. */
  get leaderView(): number {
    return this.#order.leaderView;
  }

  /** Read, never changed, from outside. */
  get roster(): Roster {
    return this.#order.roster;
  }

  get history(): VersionedRoster['history'] {
    return this.#order.history;
  }

  /** Sessions on the waitlist, first come first. */
  get waiting(): readonly SessionId[] {
    return this.#admission.waiting;
  }

  /** How many commands wait for recipients. */
  get commandsOpen(): number {
    return this.#commanding.openCount;
  }

  /** Is a command open that one of these sessions sent, or that waits for one of them? */
  hasCommandsOf(isOne: (session: SessionId) => boolean): boolean {
    return this.#commanding.concerns(isOne);
  }

  /** Does anything here wait for, or speak through, one of these sessions? */
  involves(isOne: (session: SessionId) => boolean): boolean {
    if (this.hasCommandsOf(isOne) || this.waiting.some(isOne)) return true;
    return this.roster.slice().some(member => isOne(sessionOf(member) ?? ''));
  }

  apply(entry: GroupEntry): Effect[] {
    switch (entry.kind) {
      case 'joined':
        return this.#join(entry);
      case 'confirmed':
        this.#admission.confirm(entry);
        return [];
      case 'waiting-left':
        return this.#admission.stopWaiting(entry.session);
      case 'departed':
        return this.#succession.depart(entry);
      case 'grace-ended':
        return this.#succession.endGrace(entry);
      case 'stopped':
        return this.#succession.stopped(entry);
      case 'moved':
        return this.#succession.decide({ kind: 'move', entry }, entry.at);
      case 'removed':
        return this.#succession.decide({ kind: 'remove', entry }, entry.at);
      case 'command':
        return this.#commanding.command(entry, this.#succession.isFrozen);
      case 'admin-gone':
        this.#commanding.adminGone(entry.session);
        return [];
      case 'result':
        return this.#commanding.result(entry);
      case 'expired':
        return this.#commanding.expire(entry);
      case 'restored':
        return this.#grace.restore(entry);
      case 'server-gone':
        return this.#succession.loseServer(entry);
      default:
        return assertNever(entry);
    }
  }

  /** R-BYE-2: from here on nobody joins, nobody is promoted and no command is accepted. */
  freeze(): void {
    this.#succession.freeze();
  }

  /** R-JOIN-2, R-JOIN-4, R-JOIN-6 */
  #join(entry: JoinedEntry): Effect[] {
    const { newcomer, at } = entry;
    const { session } = newcomer;
    if (this.#admission.isApplied(entry)) return [];
    if (this.#succession.isFrozen) return [{ kind: 'turned-away', session, code: 'DRAINING', detail: this.name }];
    const seat = this.#admission.claimedSeat(entry);
    if (seat !== undefined && !this.#handover.ends(seat)) {
      return [...this.#admission.resume(seat, entry), ...this.#handover.askAgain(seat, at)];
    }
    // Whoever holds the secret of a seat that the server has ended has stopped, or it would not ask for another.
    const ended = seat === undefined ? [] : this.#succession.release(seat, at);
    return [...ended, ...this.#admission.admitOrWait(newcomer, at)];
  }

  /** See `Coordinator.pending`. */
  pending(at: number): Effect[] {
    return [...this.#grace.pending(at), ...this.#handover.pending(at), ...this.#commanding.pending(at)];
  }

  snapshot(): GroupSnapshot {
    const register = new SnapshotRefs();
    const order = this.#order.snapshot(register);
    const waiting = this.#admission.snapshot();
    const handover = this.#handover.snapshot(register);
    const commanding = this.#commanding.snapshot(register);
    const { isFrozen: frozen } = this.#succession;
    return { name: this.name, frozen, commanders: register.snapshot(), order, waiting, handover, commanding };
  }

  static fromSnapshot(rules: GroupLimits, snapshot: GroupSnapshot): Group {
    const group = new Group(snapshot.name, snapshot.order.epoch, rules);
    const register = new SnapshotRefs(snapshot.commanders);
    group.#order.load(snapshot.order, register);
    group.#admission.load(snapshot.waiting);
    group.#handover.load(snapshot.handover, register);
    group.#commanding.load(snapshot.commanding, register);
    if (snapshot.frozen) group.freeze();
    return group;
  }
}
