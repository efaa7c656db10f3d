import { assertNever } from '@rankd/protocol';
import { PriorOwners } from './prior-owners.js';
import { contenderOf, outweighs, type Contender } from './rendezvous-hash.js';
import type { RosterChange } from './roster-replica.js';
import type { Fence } from '../session/seat.js';
import { AssignedPartitions } from './assigned-partitions.js';

/** What is to be done about a partition, now. */
export type PartitionAction =
  | { readonly kind: 'acquire'; readonly partition: number; readonly fence: Fence }
  /** It is another's and has to be given up, within `deadlineMs`. */
  | { readonly kind: 'release'; readonly partition: number; readonly deadlineMs: number }
  /** Somebody else may have it at any moment. */
  | { readonly kind: 'lost'; readonly partition: number };

/** Where one partition stands that this member holds or is to hold. */
type Place =
  | { readonly kind: 'awaited'; readonly fromMs: number }
  | { readonly kind: 'held' }
  | { readonly kind: 'releasing'; readonly untilMs: number };

/** One seat in one order. */
interface Tenancy {
  readonly member: string;
  readonly epoch: number;
  readonly suspendMs: number;
  readonly isFounder: boolean;
  readonly share: AssignedPartitions;
  elders: PriorOwners | undefined;
}

export interface OwnershipTimings {
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
  readonly #places = new Map<number, Place>();
  readonly #fences = new Map<number, Fence>();
  /** Members that left and may not have stopped, with when they have. */
  readonly #lingering = new Map<Contender, number>();
  #tenancy: Tenancy | undefined;
  #intent: 'stay' | 'leave' = 'stay';
  /** Members of whom this one was told nothing may hold anything until then: of an earlier epoch, or put out of this one. */
  #quietUntilMs = Number.NEGATIVE_INFINITY;
  #due: PartitionAction[] = [];

  constructor(count: number, handoverMs: number) {
    this.#count = count;
    this.#handoverMs = handoverMs;
  }

  /** Does this member hold it at this moment, and may it go on? `knownUntilMs` as for `pass`. */
  holds(partition: number, nowMs: number, knownUntilMs: number): boolean {
    const place = this.#places.get(partition);
    if (place === undefined || nowMs >= knownUntilMs) return false;
    return place.kind === 'held' || (place.kind === 'releasing' && nowMs < place.untilMs);
  }

  /** What this member holds, or is giving up. */
  get occupied(): readonly number[] {
    return [...this.#places].filter(([, { kind }]) => kind !== 'awaited').map(([partition]) => partition);
  }

  /** When `pass` has to be called again if nothing happens before, its own end of `knownUntilMs` apart. */
  get nextAtMs(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const place of this.#places.values()) {
      if (place.kind === 'awaited') next = Math.min(next, place.fromMs);
      else if (place.kind === 'releasing') next = Math.min(next, place.untilMs);
    }
    return next;
  }

  /** It is seated. In a seat that it had before, in the same order, it goes on; else it begins with nothing. */
  seated({ member, epoch, suspendMs, isFounder }: OwnershipTimings, nowMs: number): void {
    const before = this.#tenancy;
    if (before?.member === member && before.epoch === epoch) return;
    this.#loseAll();
    this.#places.clear();
    this.#fences.clear();
    this.#lingering.clear();
    if (before !== undefined && before.epoch !== epoch) this.#quietUntilMs = nowMs + suspendMs;
    const share = new AssignedPartitions(this.#count, member);
    this.#tenancy = { member, epoch, suspendMs, isFounder, share, elders: undefined };
  }

  /** The roster has changed: in the first change of a seat all of it is told. */
  changed(change: RosterChange, nowMs: number): void {
    const tenancy = this.#tenancy;
    const { epoch, view, joined, left } = change;
    if (tenancy === undefined || tenancy.epoch !== epoch) return;
    const { share, suspendMs } = tenancy;
    const touched = new Set<number>(change.kind === 'leap' ? share.all : []);
    if (this.#mayHideSomebody(change, tenancy)) {
      for (const partition of share.all) touched.add(partition);
      this.#beginAnew(nowMs, suspendMs);
    }
    tenancy.elders ??= this.#meetElders(tenancy, joined, nowMs);
    for (const { member: leaver, stopped } of left) {
      if (!stopped) this.#lingering.set(contenderOf(leaver), nowMs + suspendMs);
      for (const partition of share.left(leaver)) touched.add(partition);
      if (stopped && tenancy.elders.stopped(leaver)) for (const partition of this.#awaited()) touched.add(partition);
    }
    for (const { member: newcomer } of joined) for (const lost of share.joined(newcomer)) touched.add(lost);
    for (const partition of touched) {
      // In a leap another may have had what is not held: its token was of a view before this one.
      if (change.kind === 'leap' && this.#places.get(partition)?.kind !== 'held') this.#fences.delete(partition);
      if (share.has(partition)) this.#gain(partition, { epoch, view }, nowMs);
      else this.#forgo(partition, nowMs);
    }
  }

  /**
   * Can a member have come, taken what it waited for, and been put out unseen? It takes two changes that no list accounts
   * for, and `handoverMs` between them; whoever is told step by step is told no later than `suspendMs` after the first.
   */
  #mayHideSomebody({ kind, unlisted }: RosterChange, { suspendMs }: Tenancy): boolean {
    return unlisted >= 2 && (kind === 'leap' || this.#handoverMs < suspendMs);
  }

  /** Somebody of whom nothing is known may hold anything, or take it, for as long as it may not know that it was put out. */
  #beginAnew(nowMs: number, suspendMs: number): void {
    this.#fences.clear();
    this.#loseAll(nowMs);
    this.#quietUntilMs = Math.max(this.#quietUntilMs, nowMs + suspendMs);
  }

  #meetElders({ member, suspendMs, isFounder }: Tenancy, listed: RosterChange['joined'], nowMs: number): PriorOwners {
    // Of those whom the server put out before, a newcomer is told nothing: they have stopped by then.
    if (!isFounder) this.#quietUntilMs = Math.max(this.#quietUntilMs, nowMs + suspendMs);
    return new PriorOwners(listed, member, nowMs, suspendMs + this.#handoverMs);
  }

  /** It has been given up. */
  released(partition: number, nowMs: number): void {
    if (this.#places.get(partition)?.kind === 'releasing') this.#vacate(partition, nowMs);
  }

  /** It could not be taken, and is not held: to be tried again then, if it is still this member's. */
  failed(partition: number, retryAtMs: number): void {
    const place = this.#places.get(partition);
    if (place?.kind === 'held') this.#places.set(partition, { kind: 'awaited', fromMs: retryAtMs });
    else if (place?.kind === 'releasing') this.#vacate(partition, retryAtMs);
  }

  /** It is about to leave: gives up all that it holds, and takes nothing any more. */
  leave(nowMs: number): void {
    this.#intent = 'leave';
    for (const partition of [...this.#places.keys()]) this.#forgo(partition, nowMs);
  }

  /**
   * What is to be done now. `knownUntilMs`: until when this member knows of all changes that are older than its lease; from
   * then on it holds nothing.
   */
  pass(nowMs: number, knownUntilMs: number): readonly PartitionAction[] {
    if (nowMs >= knownUntilMs) this.#loseAll(nowMs);
    else for (const [partition, place] of this.#places) this.#passOne(partition, place, nowMs);
    for (const [lingerer, untilMs] of this.#lingering) if (nowMs >= untilMs) this.#lingering.delete(lingerer);
    const due = this.#due;
    this.#due = [];
    return due;
  }

  #passOne(partition: number, place: Place, nowMs: number): void {
    switch (place.kind) {
      case 'awaited': {
        const fence = this.#fences.get(partition);
        if (nowMs < place.fromMs || fence === undefined) return;
        this.#places.set(partition, { kind: 'held' });
        this.#due.push({ kind: 'acquire', partition, fence });
        return;
      }
      case 'releasing':
        if (nowMs >= place.untilMs) this.#lose(partition, nowMs);
        return;
      case 'held':
        return;
      default:
        assertNever(place);
    }
  }

  /** It is this member's now, or may be taken at another time than before. */
  #gain(partition: number, fence: Fence, nowMs: number): void {
    if (this.#intent === 'leave') return;
    if (!this.#fences.has(partition)) this.#fences.set(partition, fence);
    const place = this.#places.get(partition);
    // What is still being given up is taken anew once that is over.
    if (place === undefined || place.kind === 'awaited') this.#await(partition, nowMs);
  }

  /** It is another's now. */
  #forgo(partition: number, nowMs: number): void {
    this.#fences.delete(partition);
    const place = this.#places.get(partition);
    if (place?.kind === 'awaited') this.#places.delete(partition);
    if (place?.kind !== 'held') return;
    this.#places.set(partition, { kind: 'releasing', untilMs: nowMs + this.#handoverMs });
    this.#due.push({ kind: 'release', partition, deadlineMs: this.#handoverMs });
  }

  #await(partition: number, nowMs: number): void {
    const tenancy = this.#tenancy;
    if (tenancy?.elders === undefined) return;
    const { share, elders } = tenancy;
    let fromMs = Math.max(nowMs, this.#quietUntilMs);
    if (fromMs < elders.untilMs && elders.mayHold(partition)) fromMs = elders.untilMs;
    for (const [lingerer, untilMs] of this.#lingering) {
      if (outweighs(lingerer, share.own, partition)) fromMs = Math.max(fromMs, untilMs);
    }
    this.#places.set(partition, { kind: 'awaited', fromMs });
  }

  /** Nothing is done with it any more. */
  #vacate(partition: number, nowMs: number): void {
    this.#places.delete(partition);
    if (this.#fences.has(partition)) this.#await(partition, nowMs);
  }

  #lose(partition: number, nowMs: number): void {
    this.#due.push({ kind: 'lost', partition });
    this.#vacate(partition, nowMs);
  }

  #loseAll(nowMs = Number.POSITIVE_INFINITY): void {
    for (const partition of this.occupied) this.#lose(partition, nowMs);
  }

  *#awaited(): Generator<number, void, undefined> {
    for (const [partition, { kind }] of this.#places) if (kind === 'awaited') yield partition;
  }
}
