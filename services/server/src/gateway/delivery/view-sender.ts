/** Sends the views of one group (R-VIEW-2). */

import { limits, reasonInWords } from '@rankd/protocol';
import type { Clock, Timer } from '../../clock.js';
import {
  type Cause,
  type Group,
  type LastSeen,
  lastSeenAfter,
  type Member,
  type Moment,
  type RosterChangedEffect,
  type RosterDiff,
  type ViewUpdate,
  ViewUpdates,
} from '../../core/index.js';
import type { Promotion } from '../../server-event.js';
import { ViewFrames } from '../frames/view-frame.js';
import type { SessionHeartbeats } from '../liveness/session-heartbeats.js';
import type { ActiveState, ObservingState } from '../session/session-state.js';
import { recordHeldView } from '../session/held-views.js';
import type { Session } from '../session/session.js';
import type { EventReporter } from './event-reporter.js';
import type { FanOut } from './fan-out.js';
import type { GroupWatchers } from './group-watchers.js';
import { PromotionReports } from './promotion-reports.js';

/** The parts of the gateway that ViewSender uses. */
export interface ViewSenderPorts {
  readonly frameBytesMax: number;
  readonly clock: Pick<Clock, 'monotonicMs' | 'after'>;
  readonly fanOut: Pick<FanOut, 'sessionOf' | 'pendingCount'>;
  readonly heartbeats: Pick<SessionHeartbeats, 'thawHeartbeat'>;
  readonly events: Pick<EventReporter, 'reportPromotions'>;
}

/**
 * Sends the views of one group to the sessions of this server. Collects the changes of the roster, and sends each session one view for
 * all changes since the view that it received last. GroupChannel decides when.
 */
export class ViewSender {
  readonly #group: Group;
  readonly #watchers: GroupWatchers;
  readonly #ports: ViewSenderPorts;
  readonly #frames: ViewFrames;
  readonly #updates: ViewUpdates;
  readonly #promotions: PromotionReports;
  /** The view of the last recorded change. */
  #recordedView: number;
  #changedAtMs = 0;
  /** The smallest rank that has changed since all sessions were last sent their views. */
  #shiftedFrom = Number.POSITIVE_INFINITY;
  #newLeader: 'unsent' | 'sent' = 'unsent';
  /** The sessions that must get a view in this cycle, with what they have received before it. */
  readonly #expected = new Map<Session, LastSeen>();
  /** Runs while new sizes are held (R-JOIN-1). */
  #sizeTimer: Timer | undefined;

  constructor(group: Group, watchers: GroupWatchers, ports: ViewSenderPorts) {
    this.#group = group;
    this.#watchers = watchers;
    this.#ports = ports;
    this.#frames = new ViewFrames(group, ports.frameBytesMax);
    this.#updates = new ViewUpdates(group.roster);
    this.#promotions = new PromotionReports(group.name, ports);
    this.#recordedView = group.view;
  }

  /** Whether some session has possibly not received its view yet. */
  get hasUnsent(): boolean {
    return this.#updates.hasUnsent;
  }

  /**
   * Whether all changes of the group are recorded here. One entry may change the roster several times. When its first effect is performed,
   * the group already has all of its changes. A view at that moment would be wrong: it would have the final roster, but only the first
   * changes.
   */
  get isSettled(): boolean {
    return this.#recordedView === this.#group.view;
  }

  /** Returns what a session knows after its welcome. */
  lastSeenByWelcome(member: Member): LastSeen {
    return this.#updates.lastSeenByWelcome(member, this.#group.view);
  }

  /** Forgets which views the observers have received, because the group has a new epoch. */
  resetObservers(): void {
    for (const { state } of this.#watchers.atOnce) {
      if (state.phase === 'observing') state.lastSeen = { view: 0, rank: undefined, size: 0, leader: undefined };
    }
  }

  /** Adds a session that gets views about more than its own rank. */
  addWatcher(session: Session): void {
    this.#watchers.add(session);
  }

  /** Records a change that no session has received yet. */
  recordChange(change: RosterChangedEffect): void {
    if (!this.#updates.hasNew) this.#changedAtMs = this.#ports.clock.monotonicMs();
    this.#updates.recordChange(change);
    this.#recordedView = change.view;
    if (change.cause.kind === 'joined' || change.cause.kind === 'left') this.#startSizeTimer();
    const { from, to } = change.shifted;
    if (from === to) return;
    this.#shiftedFrom = Math.min(this.#shiftedFrom, from);
    this.#promotions.startReport(change.cause);
  }

  /**
   * Sends a new leader its view at once, before all other frames of the cycle. Does so once in a cycle, when the entry has no further
   * change.
   */
  sendToNewLeader({ shifted: { from, to } }: RosterChangedEffect): void {
    if (!this.isSettled || this.#newLeader === 'sent' || from !== 0 || to === 0) return;
    this.#newLeader = 'sent';
    const session = this.#ports.fanOut.sessionOf(this.#group.roster.leader);
    if (session === undefined) return;
    this.sendPending(session);
    session.outbox.flush();
  }

  /** Sends a session the view that it has not received yet, if there is one and it is not held at this moment. */
  sendPending(session: Session, moment: Moment = 'due'): void {
    const { state } = session;
    if (!this.#updates.hasUnsent || (state.phase !== 'active' && state.phase !== 'observing')) return;
    const member = state.phase === 'active' ? state.member : undefined;
    const update = this.#updates.updateFor(member, state.lastSeen, state.interest, moment);
    if (update === undefined) return;
    // R-LEAD-2: a view permits a leader to act again, so a yielding leader gets none.
    if (state.phase === 'active' && state.yielding === 'requested') state.copy = 'stale';
    else this.#sendView(session, state, update);
  }

  #sendView(session: Session, state: ActiveState | ObservingState, update: ViewUpdate): void {
    if (state.phase === 'active' && session.outbox.isHeld && !recordHeldView(session, state, update.rank)) return;
    const isStale = state.phase === 'active' ? state.copy === 'stale' : lacksSeats(update, state);
    const frames = isStale ? this.#frames.encodeReset(sinceLastSeen(update, state)) : this.#frames.encodeUpdate(update);
    state.lastSeen = lastSeenAfter(update);
    if (state.phase === 'active') state.copy = 'current';
    for (const frame of frames) session.sendFrame(frame);
    // R-LEAD-2: the view that permits a leader to act again comes before the ping that renews its lease.
    if (!session.outbox.isHeld) this.#ports.heartbeats.thawHeartbeat(session);
    if (state.phase !== 'active' || (update.rank ?? 0) >= (update.was ?? 0)) return;
    this.#promotions.add(promotionOf(state.member, update), update.cause, update.view);
  }

  /** Sends a view to a leader that was asked to yield and still leads, so that it acts again (R-LEAD-2). */
  reassureLeader(session: Session): void {
    const last = this.#group.history.last(1)[0];
    if (session.state.phase === 'active' && last !== undefined) this.#sendUnchanged(session, session.state, last.cause);
  }

  /**
   * Sends a view with this cause to a member that has resigned, even if nothing has changed (R-RESIGN-1). The member acts again on this
   * view.
   */
  answerResignation(session: Session, cause: Cause): void {
    const { state } = session;
    if (state.phase !== 'active') return;
    const update = this.#updates.updateFor(state.member, state.lastSeen, state.interest);
    if (update === undefined) this.#sendUnchanged(session, state, cause);
    else this.#sendView(session, state, { ...update, cause });
  }

  #sendUnchanged(session: Session, state: ActiveState, cause: Cause): void {
    const seen = this.lastSeenByWelcome(state.member);
    const { isHeld } = session.outbox;
    if (isHeld && !recordHeldView(session, state, seen.rank)) return;
    const diff = state.interest === 'roster' ? emptyDiff : undefined;
    // The member may have received commands since the last change of the roster, so the view has the current seq (R-VIEW-3).
    const { seq } = this.#group;
    const update = { ...seen, seq, was: state.lastSeen.rank, cause, changes: 0, diff };
    for (const frame of this.#frames.encodeReset(sinceLastSeen(update, state))) session.sendFrame(frame);
    state.lastSeen = seen;
    state.copy = 'current';
    if (!isHeld) this.#ports.heartbeats.thawHeartbeat(session);
  }

  /**
   * Sends a session a view in this cycle, even if nothing has changed for it. A leader that has stopped needs the view to act again
   * (R-LEAD-2). That leader may have lost and regained rank 0 in one cycle.
   */
  expectView(session: Session, { lastSeen }: ActiveState): void {
    this.#expected.set(session, lastSeen);
  }

  #sendExpected(): void {
    for (const [session, lastSeen] of this.#expected) {
      const { state } = session;
      if (state.phase === 'active' && state.yielding === 'no' && state.lastSeen === lastSeen)
        this.reassureLeader(session);
    }
    this.#expected.clear();
  }

  /** Sends every session the view that it has not received yet, and reports the promotions. */
  sendAllPending(): void {
    const delayMs = this.#ports.clock.monotonicMs() - this.#changedAtMs;
    if (this.#updates.hasNew) this.#sendViews();
    if (this.#expected.size > 0) this.#sendExpected();
    this.#newLeader = 'unsent';
    this.#shiftedFrom = Number.POSITIVE_INFINITY;
    this.#promotions.completeCycle(delayMs);
  }

  /**
   * Sends each session the view that it has not received yet. Sending may end a session that reads too slowly. That is another change, so
   * the loop repeats.
   */
  #sendViews(): void {
    const { fanOut } = this.#ports;
    let sentView: number;
    do {
      sentView = this.#group.view;
      // A new leader changes every rank, so each member receives a view that names it.
      const shifted = this.#group.roster.slice(Math.min(this.#shiftedFrom, this.#group.roster.size));
      this.#shiftedFrom = Number.POSITIVE_INFINITY;
      for (const member of shifted) {
        const session = fanOut.sessionOf(member);
        if (session === undefined) continue;
        this.sendPending(session, 'cycle-end');
        this.#writeIfLast(session);
      }
      for (const watcher of this.#watchers.atOnce) this.sendPending(watcher, 'cycle-end');
    } while (this.#group.view > sentView);
    if (this.#sizeTimer === undefined) this.#updates.markAllSent();
    else this.#updates.markSentExceptSizes();
  }

  /** Thousands of queued views would slow down the garbage collection, so a view is written now if no command follows it. */
  #writeIfLast(session: Session): void {
    if (this.#ports.fanOut.pendingCount === 0) session.flush();
  }

  /** Sends the held sizes after the delay that R-JOIN-1 permits, counted from the first change that they contain. */
  #startSizeTimer(): void {
    if (this.#watchers.ofSize.size === 0) return;
    this.#sizeTimer ??= this.#ports.clock.after(limits.sizeDelayMsMax, () => {
      this.#sizeTimer = undefined;
      this.#sendSizes();
    });
  }

  /** Stops the timer of held sizes. */
  stopSizeTimer(): void {
    this.#sizeTimer?.cancel();
    this.#sizeTimer = undefined;
  }

  /** Sends every session the size that it has not received yet. A change that sending causes starts the timer again. */
  #sendSizes(): void {
    const view = this.#updates.recordedView;
    for (const session of this.#watchers.ofSize) {
      this.sendPending(session);
      this.#writeIfLast(session);
    }
    this.#updates.markSizesSent(view);
  }
}

const emptyDiff: RosterDiff = { joined: [], left: [], moved: [], away: [], resumed: [] };

/** Counts all changes since the session's last view, because one frame replaces the views that it was not sent. */
function sinceLastSeen(update: ViewUpdate, { lastSeen }: ActiveState | ObservingState): ViewUpdate {
  return update.diff === undefined ? update : { ...update, changes: update.view - lastSeen.view };
}

/**
 * Whether an observer needs the whole roster. A new epoch begins with the seats of the last epoch, and no list of the view contains these.
 */
function lacksSeats({ diff, size }: ViewUpdate, { lastSeen }: ObservingState): boolean {
  return lastSeen.view === 0 && diff !== undefined && diff.joined.length < size;
}

function promotionOf(member: Member, update: ViewUpdate): Promotion {
  const { kind, member: by, reason } = update.cause;
  const cause = `${by.name} ${kind}${reason === undefined ? '' : ` (${reasonInWords(reason)})`}`;
  return { member: member.id, name: member.name, rank: update.rank ?? 0, was: update.was ?? 0, cause };
}
