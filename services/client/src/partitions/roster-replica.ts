/** A member's copy of the roster, kept up to date from the messages of the server. */

import type { RosterMember, RosterMessage, ViewMessage } from '@rankd/protocol';

/** A member of the group. */
export interface RosterEntry {
  readonly member: string;
}

/** The difference between two views of the roster. */
export interface RosterChange {
  /**
   * `step`: a change that was received when it happened. `leap`: the difference between two complete rosters, which may include
   * any number of changes.
   */
  readonly kind: 'step' | 'leap';
  readonly epoch: number;
  readonly view: number;
  readonly joined: readonly RosterEntry[];
  /** The members that left. `stopped`: the member has certainly stopped acting. Otherwise it may act for up to `suspendMs` (R-LEAD-3). */
  readonly left: readonly { readonly member: string; readonly stopped: boolean }[];
  /** How many changes are not in these lists. Two of them may be the join and the departure of one member. */
  readonly unlisted: number;
}

/** The action that the caller must perform after a message of the server. */
export type RosterReplicaStep =
  | { readonly kind: 'nothing' }
  /** The replica differs from the server's roster: request the roster (R-ASK-1). */
  | { readonly kind: 'ask' }
  | { readonly kind: 'changed'; readonly change: RosterChange };

type State = { readonly kind: 'current' } | { readonly kind: 'stale'; readonly knownUntilMs: number };

const nothing: RosterReplicaStep = { kind: 'nothing' };

/**
 * After a departure for one of these reasons the member has certainly stopped: it left, it closed its end of the connection, or it was
 * silent for longer than its lease. For other reasons (REMOVED, SLOW_CONSUMER, …) the server ended the session, and the member may not know
 * it yet.
 */
const stoppedFor: ReadonlySet<string> = new Set(['LEFT', 'CLOSED', 'HEARTBEAT_TIMEOUT', 'GRACE_ENDED']);

/**
 * The roster, from the messages of the server: a complete roster once a session, then the changes of each view (R-VIEW-2,
 * `updates: 'roster'`).
 */
export class RosterReplica {
  readonly #members = new Set<string>();
  #epoch = 0;
  /** The view before the one in which this member got its seat. */
  #baseView = 0;
  #view = 0;
  #state: State = { kind: 'stale', knownUntilMs: Number.NEGATIVE_INFINITY };
  #chunks: RosterMember[] = [];

  /** The complete roster as a change from an empty roster. Undefined if the replica is not current. */
  get asChange(): RosterChange | undefined {
    if (this.#state.kind === 'stale') return undefined;
    const joined = [...this.#members].map(member => ({ member }));
    const unlisted = this.#view - this.#baseView - joined.length;
    return { kind: 'leap', epoch: this.#epoch, view: this.#view, joined, left: [], unlisted };
  }

  /**
   * Returns the time until which this member may rely on the roster, by the monotonic clock.
   * @param leaseEndsAtMs when the lease expires
   */
  knownUntilMs(leaseEndsAtMs: number): number {
    return this.#state.kind === 'current' ? leaseEndsAtMs : Math.min(this.#state.knownUntilMs, leaseEndsAtMs);
  }

  /** Records that changes may be missing from now on. The replica is valid until `leaseEndsAtMs`. */
  markStale(leaseEndsAtMs: number): void {
    this.#state = { kind: 'stale', knownUntilMs: this.knownUntilMs(leaseEndsAtMs) };
    this.#chunks = [];
  }

  /** Forgets the roster, because the member has a new seat or is in a new epoch. `view` is the first view of the seat. */
  reset(epoch: number, view: number): void {
    this.markStale(Number.NEGATIVE_INFINITY);
    this.#members.clear();
    this.#epoch = epoch;
    this.#baseView = view - 1;
    this.#view = view - 1;
  }

  /** Applies a view (R-VIEW-2). `leaseEndsAtMs` is when the lease expires. */
  applyView(told: ViewMessage, leaseEndsAtMs: number): RosterReplicaStep {
    const { view, changes, reset, joined, left, moved = [], away = [], resumed = [] } = told;
    if (reset === true) {
      // The server sends the complete roster next, without a request.
      this.markStale(leaseEndsAtMs);
      return nothing;
    }
    if (this.#state.kind === 'stale' || view <= this.#view) return nothing;
    if (joined === undefined || left === undefined || view - changes !== this.#view) {
      this.markStale(leaseEndsAtMs);
      return { kind: 'ask' };
    }
    return this.#applyChange(
      'step',
      view,
      joined.map(toRosterEntry),
      left.map(({ member, reason }) => ({ member, stopped: stoppedFor.has(reason) })),
      moved.length + away.length + resumed.length,
    );
  }

  /** Applies one frame of a roster (R-ASK-1). */
  applyRosterFrame({ epoch, view, members, more }: RosterMessage): RosterReplicaStep {
    this.#chunks.push(...members);
    if (more) return nothing;
    const rows = this.#chunks.map(toRosterEntry);
    this.#chunks = [];
    if (epoch !== this.#epoch || view < this.#view) return { kind: 'ask' };
    this.#state = { kind: 'current' };
    const there = new Set(rows.map(({ member }) => member));
    return this.#applyChange(
      'leap',
      view,
      rows.filter(({ member }) => !this.#members.has(member)),
      [...this.#members].filter(member => !there.has(member)).map(member => ({ member, stopped: false })),
    );
  }

  #applyChange(
    kind: RosterChange['kind'],
    view: number,
    joined: RosterChange['joined'],
    left: RosterChange['left'],
    otherwiseListed = 0,
  ): RosterReplicaStep {
    const unlisted = view - this.#view - joined.length - left.length - otherwiseListed;
    this.#view = view;
    for (const { member } of left) this.#members.delete(member);
    for (const { member } of joined) this.#members.add(member);
    return { kind: 'changed', change: { kind, epoch: this.#epoch, view, joined, left, unlisted } };
  }
}

function toRosterEntry({ member }: RosterMember): RosterEntry {
  return { member };
}
