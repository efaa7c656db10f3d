import type { RosterMember, RosterMessage, ViewMessage } from '@rankd/protocol';

/** A member of the roster, and when it joined by the server's clock. */
export interface RosterEntry {
  readonly member: string;
  readonly joinedAtMs: number;
}

/** What has become another between two views. */
export interface RosterChange {
  /** `step`: told as it happened; `leap`: from one whole roster to another, however long after. */
  readonly kind: 'step' | 'leap';
  readonly epoch: number;
  readonly view: number;
  readonly joined: readonly RosterEntry[];
  /** `stopped`: it has certainly stopped acting as a member; else it may go on for `suspendMs` (R-LEAD-3). */
  readonly left: readonly { readonly member: string; readonly stopped: boolean }[];
  /** Changes that these lists do not account for: of two of them a member may have come and gone. */
  readonly unlisted: number;
}

/** What is to be done about what the coordinator said. */
export type RosterReplicaStep =
  | { readonly kind: 'nothing' }
  /** The copy is not what the coordinator goes on from: ask for the roster (R-ASK-1). */
  | { readonly kind: 'ask' }
  | { readonly kind: 'changed'; readonly change: RosterChange };

type State = { readonly kind: 'current' } | { readonly kind: 'stale'; readonly knownUntilMs: number };

const nothing: RosterReplicaStep = { kind: 'nothing' };

/**
 * Departures of which a member has stopped before they were told: it said so, its own end closed, or it was silent for
 * longer than it may act. Of any other (REMOVED, SLOW_CONSUMER, …) the server decided, and the member may not know yet.
 */
const stoppedFor: ReadonlySet<string> = new Set(['LEFT', 'CLOSED', 'HEARTBEAT_TIMEOUT', 'GRACE_ENDED']);

/** The roster as this member was told it: all of it once a session, then what each view changes (R-VIEW-2, `updates` roster). */
export class RosterReplica {
  readonly #joinedAtMs = new Map<string, number>();
  #epoch = 0;
  /** The last one in which the seat was not there yet. */
  #baseView = 0;
  #view = 0;
  #state: State = { kind: 'stale', knownUntilMs: Number.NEGATIVE_INFINITY };
  #chunks: RosterMember[] = [];

  /** All of it, as one change from nothing; undefined while it is not current. */
  get asChange(): RosterChange | undefined {
    if (this.#state.kind === 'stale') return undefined;
    const joined = [...this.#joinedAtMs].map(([member, joinedAtMs]) => ({ member, joinedAtMs }));
    const unlisted = this.#view - this.#baseView - joined.length;
    return { kind: 'leap', epoch: this.#epoch, view: this.#view, joined, left: [], unlisted };
  }

  /** Until when this member knows of every change that is older than its lease, which lasts until `leaseEndsAtMs`. */
  knownUntilMs(leaseEndsAtMs: number): number {
    return this.#state.kind === 'current' ? leaseEndsAtMs : Math.min(this.#state.knownUntilMs, leaseEndsAtMs);
  }

  /** Nothing that comes is told any more of how it was: what is known holds for no longer than the lease of this moment. */
  markStale(leaseEndsAtMs: number): void {
    this.#state = { kind: 'stale', knownUntilMs: this.knownUntilMs(leaseEndsAtMs) };
    this.#chunks = [];
  }

  /** Another order, or another seat in it, which began with this view: what was known is of no use. */
  reset(epoch: number, view: number): void {
    this.markStale(Number.NEGATIVE_INFINITY);
    this.#joinedAtMs.clear();
    this.#epoch = epoch;
    this.#baseView = view - 1;
    this.#view = view - 1;
  }

  applyView(told: ViewMessage, leaseEndsAtMs: number): RosterReplicaStep {
    const { view, changes, reset, joined, left, moved = [], away = [], resumed = [] } = told;
    if (reset === true) {
      // The roster follows by itself.
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

  /** R-ASK-1: one frame of the roster. */
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
      rows.filter(({ member }) => !this.#joinedAtMs.has(member)),
      [...this.#joinedAtMs.keys()].filter(member => !there.has(member)).map(member => ({ member, stopped: false })),
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
    for (const { member } of left) this.#joinedAtMs.delete(member);
    for (const { member, joinedAtMs } of joined) this.#joinedAtMs.set(member, joinedAtMs);
    return { kind: 'changed', change: { kind, epoch: this.#epoch, view, joined, left, unlisted } };
  }
}

function toRosterEntry({ member, joinedAt }: RosterMember): RosterEntry {
  return { member, joinedAtMs: Date.parse(joinedAt) };
}
