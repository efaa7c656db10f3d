/** Decides when a member acquires, releases and loses its partitions. */

import { assertNever } from '@rankd/protocol';
import type { Fence } from '../session/seat.js';
import { AssignedPartitions } from './assigned-partitions.js';
import { EarlierMembers } from './earlier-members.js';
import { type HashedMember, hashMember, outweighs } from './rendezvous-hash.js';
import type { RosterChange } from './roster-replica.js';

/** An action for a partition that is due now. The caller must perform it. */
export type PartitionAction =
  | { readonly kind: 'acquire'; readonly partition: number; readonly fence: Fence }
  /** Another member will own the partition: release it within `deadlineMs` ms. */
  | { readonly kind: 'release'; readonly partition: number; readonly deadlineMs: number }
  /** Another member may own the partition at any moment. */
  | { readonly kind: 'lost'; readonly partition: number };

/** The state of a partition that this member holds or waits for. */
type PartitionState =
  /** Assigned to this member, which acquires it at `fromMs`. */
  | { readonly kind: 'awaited'; readonly fromMs: number }
  | { readonly kind: 'held' }
  /** Assigned to another member. This member holds it until the release is recorded, at most until `untilMs`. */
  | { readonly kind: 'releasing'; readonly untilMs: number };

/** The seat of this member in one epoch. */
interface OwnSeat {
  readonly member: string;
  readonly epoch: number;
  readonly suspendMs: number;
  readonly isFounder: boolean;
  readonly assigned: AssignedPartitions;
  earlierMembers: EarlierMembers | undefined;
}

/** The seat of a member, as ownership needs it. */
export interface OwnershipSeat {
  readonly member: string;
  readonly epoch: number;
  /** How long the member may act without an acknowledged heartbeat, ms (R-LEAD-3). */
  readonly suspendMs: number;
  /** Whether the group had no member when this one was admitted in this epoch. It stays true when the member resumes. */
  readonly isFounder: boolean;
}

/**
 * Decides which partitions a member holds, when it acquires one, and when it must release one. `collectActions` returns what to do. This
 * class reads no clock: all times are of one monotonic clock, ms.
 *
 * Two members never hold one partition, however late frames arrive. The reason: a member holds partitions only during its lease, which ends
 * `suspendMs` after its last acknowledged heartbeat (R-LEAD-3). Frames arrive in order, so the member has received every view that was sent
 * before that heartbeat was acknowledged. A view may assign a partition to another member. Within `suspendMs` after the server has sent
 * this view, one of two things is true: the old owner has received the view, or its lease has expired and it holds nothing. An old owner
 * that has received the view releases the partition within `handoverMs`. The new owner acquires the partition `suspendMs` + `handoverMs`
 * after it received the view.
 */
export class PartitionOwnership {
  readonly #count: number;
  readonly #handoverMs: number;
  readonly #states = new Map<number, PartitionState>();
  readonly #fences = new Map<number, Fence>();
  /** For each member that left and may still act: the time at which it has certainly stopped, ms. */
  readonly #departed = new Map<HashedMember, number>();
  #seat: OwnSeat | undefined;
  #intent: 'stay' | 'leave' = 'stay';
  /**
   * Until this time, members that are not in the roster may hold any partition: members of an earlier epoch, or members that the server
   * removed.
   */
  #unknownOwnersUntilMs = Number.NEGATIVE_INFINITY;
  #actions: PartitionAction[] = [];

  constructor(count: number, handoverMs: number) {
    this.#count = count;
    this.#handoverMs = handoverMs;
  }

  /** Returns whether this member holds the partition at `nowMs`. `collectActions` describes `knownUntilMs`. */
  holds(partition: number, nowMs: number, knownUntilMs: number): boolean {
    const state = this.#states.get(partition);
    if (state === undefined || nowMs >= knownUntilMs) return false;
    return state.kind === 'held' || (state.kind === 'releasing' && nowMs < state.untilMs);
  }

  /** The partitions that this member holds, including those that it is releasing. */
  get heldOrReleasing(): readonly number[] {
    return [...this.#states].filter(([, { kind }]) => kind !== 'awaited').map(([partition]) => partition);
  }

  /** When the next action is due if nothing changes. The caller must also call `collectActions` at `knownUntilMs`. */
  get nextActionAtMs(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const state of this.#states.values()) {
      if (state.kind === 'awaited') next = Math.min(next, state.fromMs);
      else if (state.kind === 'releasing') next = Math.min(next, state.untilMs);
    }
    return next;
  }

  /** Records a seat. Unless it is the same seat in the same epoch, this member loses every partition. */
  setSeat({ member, epoch, suspendMs, isFounder }: OwnershipSeat, nowMs: number): void {
    const before = this.#seat;
    if (before?.member === member && before.epoch === epoch) return;
    this.#loseAll();
    this.#states.clear();
    this.#fences.clear();
    this.#departed.clear();
    if (before !== undefined && before.epoch !== epoch) this.#unknownOwnersUntilMs = nowMs + suspendMs;
    const assigned = new AssignedPartitions(this.#count, member);
    this.#seat = { member, epoch, suspendMs, isFounder, assigned, earlierMembers: undefined };
  }

  /** Applies a change of the roster. The first change after `setSeat` must have the complete roster. */
  applyChange(change: RosterChange, nowMs: number): void {
    const seat = this.#seat;
    const { epoch, view, joined, left } = change;
    if (seat === undefined || seat.epoch !== epoch) return;
    const { assigned, suspendMs } = seat;
    const affected = new Set<number>(change.kind === 'leap' ? assigned.all : []);
    if (this.#mayMissMember(change, seat)) {
      for (const partition of assigned.all) affected.add(partition);
      this.#dropKnowledge(nowMs, suspendMs);
    }
    seat.earlierMembers ??= this.#createEarlierMembers(seat, joined, nowMs);
    for (const { member: leaver, stopped } of left) {
      if (!stopped) this.#departed.set(hashMember(leaver), nowMs + suspendMs);
      for (const partition of assigned.removeMember(leaver)) affected.add(partition);
      if (stopped && seat.earlierMembers.recordStop(leaver))
        for (const partition of this.#awaitedPartitions()) affected.add(partition);
    }
    for (const { member: newcomer } of joined) for (const lost of assigned.addMember(newcomer)) affected.add(lost);
    for (const partition of affected) {
      // A leap is a roster after changes that this member did not receive. In between, another member may have owned the partition with a
      // larger token. So this member needs a new token for it.
      if (change.kind === 'leap' && this.#states.get(partition)?.kind !== 'held') this.#fences.delete(partition);
      if (assigned.has(partition)) this.#assignPartition(partition, { epoch, view }, nowMs);
      else this.#unassignPartition(partition, nowMs);
    }
  }

  /**
   * Returns whether a member that this one never saw may have joined, acquired a partition, and been removed. Its join and its removal are
   * two changes that the lists do not contain, at least `handoverMs` apart. In a step, both changes arrive within `suspendMs`. So without a
   * leap, this is only possible if `handoverMs` is shorter than `suspendMs`.
   */
  #mayMissMember({ kind, unlisted }: RosterChange, { suspendMs }: OwnSeat): boolean {
    return unlisted >= 2 && (kind === 'leap' || this.#handoverMs < suspendMs);
  }

  /**
   * Loses every partition, because a member that this one never saw may hold one. Acquires none for `suspendMs`, until that member has
   * stopped.
   */
  #dropKnowledge(nowMs: number, suspendMs: number): void {
    this.#fences.clear();
    this.#loseAll(nowMs);
    this.#unknownOwnersUntilMs = Math.max(this.#unknownOwnersUntilMs, nowMs + suspendMs);
  }

  #createEarlierMembers(
    { member, suspendMs, isFounder }: OwnSeat,
    listed: RosterChange['joined'],
    nowMs: number,
  ): EarlierMembers {
    // A new member does not know which members the server removed just before. The removed members stop within `suspendMs`.
    if (!isFounder) this.#unknownOwnersUntilMs = Math.max(this.#unknownOwnersUntilMs, nowMs + suspendMs);
    const others = isFounder ? [] : listed.map(each => each.member).filter(each => each !== member);
    return new EarlierMembers(others, nowMs, suspendMs + this.#handoverMs);
  }

  /** Records that the `release` handler has settled. */
  recordRelease(partition: number, nowMs: number): void {
    if (this.#states.get(partition)?.kind === 'releasing') this.#clearPartition(partition, nowMs);
  }

  /**
   * Records that the `acquire` handler has failed. The partition is no longer held. It is acquired again at `retryAtMs` if it is
   * still assigned.
   */
  recordFailure(partition: number, retryAtMs: number): void {
    const state = this.#states.get(partition);
    if (state?.kind === 'held') this.#states.set(partition, { kind: 'awaited', fromMs: retryAtMs });
    else if (state?.kind === 'releasing') this.#clearPartition(partition, retryAtMs);
  }

  /** Starts to release all partitions, because the member leaves. No partition is acquired after that. */
  releaseAll(nowMs: number): void {
    this.#intent = 'leave';
    for (const partition of [...this.#states.keys()]) this.#unassignPartition(partition, nowMs);
  }

  /**
   * Returns the actions that are due at `nowMs`.
   * @param knownUntilMs when this member's lease expires; after that it holds nothing
   */
  collectActions(nowMs: number, knownUntilMs: number): readonly PartitionAction[] {
    if (nowMs >= knownUntilMs) this.#loseAll(nowMs);
    else for (const [partition, state] of this.#states) this.#advancePartition(partition, state, nowMs);
    for (const [leaver, untilMs] of this.#departed) if (nowMs >= untilMs) this.#departed.delete(leaver);
    const actions = this.#actions;
    this.#actions = [];
    return actions;
  }

  #advancePartition(partition: number, state: PartitionState, nowMs: number): void {
    switch (state.kind) {
      case 'awaited': {
        const fence = this.#fences.get(partition);
        if (nowMs < state.fromMs || fence === undefined) return;
        this.#states.set(partition, { kind: 'held' });
        this.#actions.push({ kind: 'acquire', partition, fence });
        return;
      }
      case 'releasing':
        if (nowMs >= state.untilMs) this.#losePartition(partition, nowMs);
        return;
      case 'held':
        return;
      default:
        assertNever(state);
    }
  }

  /** Handles a partition that is newly assigned to this member, or whose time of acquisition has changed. */
  #assignPartition(partition: number, fence: Fence, nowMs: number): void {
    if (this.#intent === 'leave') return;
    if (!this.#fences.has(partition)) this.#fences.set(partition, fence);
    const state = this.#states.get(partition);
    // A partition that is still being released is acquired again after its release.
    if (state === undefined || state.kind === 'awaited') this.#awaitPartition(partition, nowMs);
  }

  /** Handles a partition that is assigned to another member now. */
  #unassignPartition(partition: number, nowMs: number): void {
    this.#fences.delete(partition);
    const state = this.#states.get(partition);
    if (state?.kind === 'awaited') this.#states.delete(partition);
    if (state?.kind !== 'held') return;
    this.#states.set(partition, { kind: 'releasing', untilMs: nowMs + this.#handoverMs });
    this.#actions.push({ kind: 'release', partition, deadlineMs: this.#handoverMs });
  }

  #awaitPartition(partition: number, nowMs: number): void {
    const seat = this.#seat;
    if (seat?.earlierMembers === undefined) return;
    const { assigned, earlierMembers } = seat;
    let fromMs = Math.max(nowMs, this.#unknownOwnersUntilMs);
    if (fromMs < earlierMembers.untilMs && earlierMembers.mayHold) fromMs = earlierMembers.untilMs;
    for (const [leaver, untilMs] of this.#departed) {
      if (outweighs(leaver, assigned.own, partition)) fromMs = Math.max(fromMs, untilMs);
    }
    this.#states.set(partition, { kind: 'awaited', fromMs });
  }

  /** Records that this member no longer holds the partition. If it is assigned to this member, the member waits to acquire it again. */
  #clearPartition(partition: number, nowMs: number): void {
    this.#states.delete(partition);
    if (this.#fences.has(partition)) this.#awaitPartition(partition, nowMs);
  }

  #losePartition(partition: number, nowMs: number): void {
    this.#actions.push({ kind: 'lost', partition });
    this.#clearPartition(partition, nowMs);
  }

  #loseAll(nowMs = Number.POSITIVE_INFINITY): void {
    for (const partition of this.heldOrReleasing) this.#losePartition(partition, nowMs);
  }

  *#awaitedPartitions(): Generator<number, void, undefined> {
    for (const [partition, { kind }] of this.#states) if (kind === 'awaited') yield partition;
  }
}
