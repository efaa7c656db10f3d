import { assertNever } from '@rankd/protocol';
import type { Fence } from '../session/seat.js';
import { AssignedPartitions } from './assigned-partitions.js';
import { PriorOwners } from './prior-owners.js';
import { type HashedMember, hashMember, outweighs } from './rendezvous-hash.js';
import type { RosterChange } from './roster-replica.js';

/** What is to be done about a partition, now. */
export type PartitionAction =
  | { readonly kind: 'acquire'; readonly partition: number; readonly fence: Fence }
  /** It is another's and has to be given up, within `deadlineMs`. */
  | { readonly kind: 'release'; readonly partition: number; readonly deadlineMs: number }
  /** Somebody else may have it at any moment. */
  | { readonly kind: 'lost'; readonly partition: number };

/** Where one partition stands that this member holds or is to hold. */
type PartitionState =
  | { readonly kind: 'awaited'; readonly fromMs: number }
  | { readonly kind: 'held' }
  | { readonly kind: 'releasing'; readonly untilMs: number };

/** One seat in one order. */
interface OwnSeat {
  readonly member: string;
  readonly epoch: number;
  readonly suspendMs: number;
  readonly isFounder: boolean;
  readonly assigned: AssignedPartitions;
  priorOwners: PriorOwners | undefined;
}

export interface OwnershipSeat {
  readonly member: string;
  readonly epoch: number;
  readonly suspendMs: number;
  /** It was admitted to a group that nobody was in. */
  readonly isFounder: boolean;
}

/**
 * Which partitions a member holds, and when it may take one and has to give one up: never two members at once, whatever the
 * network delays. `pass` tells what is to be done; no clock in here, all times are of one monotonic clock.
 *
 * Why two never hold one: a member that holds anything at a moment has been told every view that was ordered more than
 * `suspendMs` before (its lease was acknowledged since, on the same session, R-LEAD-3). So a loser hears that it has lost a
 * partition at most `suspendMs` after the view, or holds nothing any more; and it gives it up within `handoverMs`. A gainer
 * takes it `suspendMs + handoverMs` after it heard of that view, which cannot have been before the view was.
 */
export class PartitionOwnership {
  readonly #count: number;
  readonly #handoverMs: number;
  readonly #states = new Map<number, PartitionState>();
  readonly #fences = new Map<number, Fence>();
  /** Members that left and may not have stopped, with when they have. */
  readonly #departed = new Map<HashedMember, number>();
  #seat: OwnSeat | undefined;
  #intent: 'stay' | 'leave' = 'stay';
  /** Members of whom this one was told nothing may hold anything until then: of an earlier epoch, or put out of this one. */
  #unknownOwnersUntilMs = Number.NEGATIVE_INFINITY;
  #actions: PartitionAction[] = [];

  constructor(count: number, handoverMs: number) {
    this.#count = count;
    this.#handoverMs = handoverMs;
  }

  /** Does this member hold it at this moment, and may it go on? `knownUntilMs` as for `pass`. */
  holds(partition: number, nowMs: number, knownUntilMs: number): boolean {
    const state = this.#states.get(partition);
    if (state === undefined || nowMs >= knownUntilMs) return false;
    return state.kind === 'held' || (state.kind === 'releasing' && nowMs < state.untilMs);
  }

  /** What this member holds, or is giving up. */
  get heldOrReleasing(): readonly number[] {
    return [...this.#states].filter(([, { kind }]) => kind !== 'awaited').map(([partition]) => partition);
  }

  /** When `pass` has to be called again if nothing happens before, its own end of `knownUntilMs` apart. */
  get nextActionAtMs(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const state of this.#states.values()) {
      if (state.kind === 'awaited') next = Math.min(next, state.fromMs);
      else if (state.kind === 'releasing') next = Math.min(next, state.untilMs);
    }
    return next;
  }

  /** It is seated. In a seat that it had before, in the same order, it goes on; else it begins with nothing. */
  setSeat({ member, epoch, suspendMs, isFounder }: OwnershipSeat, nowMs: number): void {
    const before = this.#seat;
    if (before?.member === member && before.epoch === epoch) return;
    this.#loseAll();
    this.#states.clear();
    this.#fences.clear();
    this.#departed.clear();
    if (before !== undefined && before.epoch !== epoch) this.#unknownOwnersUntilMs = nowMs + suspendMs;
    const assigned = new AssignedPartitions(this.#count, member);
    this.#seat = { member, epoch, suspendMs, isFounder, assigned, priorOwners: undefined };
  }

  /** The roster has changed: in the first change of a seat all of it is told. */
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
    seat.priorOwners ??= this.#createPriorOwners(seat, joined, nowMs);
    for (const { member: leaver, stopped } of left) {
      if (!stopped) this.#departed.set(hashMember(leaver), nowMs + suspendMs);
      for (const partition of assigned.removeMember(leaver)) affected.add(partition);
      if (stopped && seat.priorOwners.recordStop(leaver))
        for (const partition of this.#awaitedPartitions()) affected.add(partition);
    }
    for (const { member: newcomer } of joined) for (const lost of assigned.addMember(newcomer)) affected.add(lost);
    for (const partition of affected) {
      // In a leap another may have had what is not held: its token was of a view before this one.
      if (change.kind === 'leap' && this.#states.get(partition)?.kind !== 'held') this.#fences.delete(partition);
      if (assigned.has(partition)) this.#assignPartition(partition, { epoch, view }, nowMs);
      else this.#unassignPartition(partition, nowMs);
    }
  }

  /**
   * Can a member have come, taken what it waited for, and been put out unseen? It takes two changes that no list accounts
   * for, and `handoverMs` between them; whoever is told step by step is told no later than `suspendMs` after the first.
   */
  #mayMissMember({ kind, unlisted }: RosterChange, { suspendMs }: OwnSeat): boolean {
    return unlisted >= 2 && (kind === 'leap' || this.#handoverMs < suspendMs);
  }

  /** Somebody of whom nothing is known may hold anything, or take it, for as long as it may not know that it was put out. */
  #dropKnowledge(nowMs: number, suspendMs: number): void {
    this.#fences.clear();
    this.#loseAll(nowMs);
    this.#unknownOwnersUntilMs = Math.max(this.#unknownOwnersUntilMs, nowMs + suspendMs);
  }

  #createPriorOwners(
    { member, suspendMs, isFounder }: OwnSeat,
    listed: RosterChange['joined'],
    nowMs: number,
  ): PriorOwners {
    // Of those whom the server put out before, a newcomer is told nothing: they have stopped by then.
    if (!isFounder) this.#unknownOwnersUntilMs = Math.max(this.#unknownOwnersUntilMs, nowMs + suspendMs);
    return new PriorOwners(listed, member, nowMs, suspendMs + this.#handoverMs);
  }

  /** It has been given up. */
  recordRelease(partition: number, nowMs: number): void {
    if (this.#states.get(partition)?.kind === 'releasing') this.#clearPartition(partition, nowMs);
  }

  /** It could not be taken, and is not held: to be tried again then, if it is still this member's. */
  recordFailure(partition: number, retryAtMs: number): void {
    const state = this.#states.get(partition);
    if (state?.kind === 'held') this.#states.set(partition, { kind: 'awaited', fromMs: retryAtMs });
    else if (state?.kind === 'releasing') this.#clearPartition(partition, retryAtMs);
  }

  /** It is about to leave: gives up all that it holds, and takes nothing any more. */
  releaseAll(nowMs: number): void {
    this.#intent = 'leave';
    for (const partition of [...this.#states.keys()]) this.#unassignPartition(partition, nowMs);
  }

  /**
   * What is to be done now. `knownUntilMs`: until when this member knows of all changes that are older than its lease; from
   * then on it holds nothing.
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

  /** It is this member's now, or may be taken at another time than before. */
  #assignPartition(partition: number, fence: Fence, nowMs: number): void {
    if (this.#intent === 'leave') return;
    if (!this.#fences.has(partition)) this.#fences.set(partition, fence);
    const state = this.#states.get(partition);
    // What is still being given up is taken anew once that is over.
    if (state === undefined || state.kind === 'awaited') this.#awaitPartition(partition, nowMs);
  }

  /** It is another's now. */
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
    if (seat?.priorOwners === undefined) return;
    const { assigned, priorOwners } = seat;
    let fromMs = Math.max(nowMs, this.#unknownOwnersUntilMs);
    if (fromMs < priorOwners.untilMs && priorOwners.mayHold(partition)) fromMs = priorOwners.untilMs;
    for (const [leaver, untilMs] of this.#departed) {
      if (outweighs(leaver, assigned.own, partition)) fromMs = Math.max(fromMs, untilMs);
    }
    this.#states.set(partition, { kind: 'awaited', fromMs });
  }

  /** Nothing is done with it any more. */
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
