import type { RosterMember, RosterMessage, ViewMessage } from '@rankd/protocol';

/** A member of the roster, and when it joined by the server's clock. */
export interface RosterEntry {
  readonly member: string;
  readonly joinedAtMs: number;
}

/** The difference between two views. */
export interface RosterChange {
  /**
   * `step`: the change was received as it happened. `leap`: from one complete roster to another, with any number of changes
   * between.
   */
  readonly kind: 'step' | 'leap';
  readonly epoch: number;
  readonly view: number;
  readonly joined: readonly RosterEntry[];
  /** `stopped`: the member has certainly stopped acting. Otherwise it may act for up to `suspendMs` (R-LEAD-3). */
  readonly left: readonly { readonly member: string; readonly stopped: boolean }[];
  /** How many changes are not in these lists. With two of them a member may have joined and left unseen. */
  readonly unlisted: number;
}

/** What the caller has to do after a message of the server. */
export type RosterReplicaStep =
  | { readonly kind: 'nothing' }
  /** The replica does not match the server's: ask for the roster (R-ASK-1). */
  | { readonly kind: 'ask' }
  | { readonly kind: 'changed'; readonly change: RosterChange };

type State = { readonly kind: 'current' } | { readonly kind: 'stale'; readonly knownUntilMs: number };

const nothing: RosterReplicaStep = { kind: 'nothing' };

/**
 * The reasons of a departure after which the member has certainly stopped: it left, its own end closed, or it was silent for
 * longer than it may act. For any other reason (REMOVED, SLOW_CONSUMER, …) the server decided, and the member may not know
 * yet.
 */
const stoppedFor: ReadonlySet<string> = new Set(['LEFT', 'CLOSED', 'HEARTBEAT_TIMEOUT', 'GRACE_ENDED']);

/**
 * The roster as the server sent it to this member: a complete roster once a session, then the changes of each view (R-VIEW-2,
 * `updates: 'roster'`).
 */
export class RosterReplica {
  readonly #joinedAtMs = new Map<string, number>();
  #epoch = 0;
  /** The last view without this member's seat. */
  #baseView = 0;
  #view = 0;
  #state: State = { kind: 'stale', knownUntilMs: Number.NEGATIVE_INFINITY };
  #chunks: RosterMember[] = [];

  /** Returns the complete roster as a change from an empty roster; undefined if the replica is not current. */
  get asChange(): RosterChange | undefined {
    if (this.#state.kind === 'stale') return undefined;
    const joined = [...this.#joinedAtMs].map(([member, joinedAtMs]) => ({ member, joinedAtMs }));
    const unlisted = this.#view - this.#baseView - joined.length;
    return { kind: 'leap', epoch: this.#epoch, view: this.#view, joined, left: [], unlisted };
  }

  /**
   * Until when this member knows every change that is older than its lease, by the monotonic clock. `leaseEndsAtMs` is the
   * end of the lease.
   */
  knownUntilMs(leaseEndsAtMs: number): number {
    return this.#state.kind === 'current' ? leaseEndsAtMs : Math.min(this.#state.knownUntilMs, leaseEndsAtMs);
  }

  /** Records that changes can be missing from now on. The replica stays valid until `leaseEndsAtMs`. */
  markStale(leaseEndsAtMs: number): void {
    this.#state = { kind: 'stale', knownUntilMs: this.knownUntilMs(leaseEndsAtMs) };
    this.#chunks = [];
  }

  /** Forgets everything: the member has a new seat or a new epoch, which starts with this view. */
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
      // The server sends the roster next, without being asked.
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
