import { reasonInWords } from '@rankd/protocol';
import type { Clock, Timer } from '../../clock.js';
import type { ServerConfig } from '../../config.js';
import {
  ViewUpdates,
  lastSeenAfter,
  type DeliverEffect,
  type Group,
  type Member,
  type RankRange,
  type RosterChangedEffect,
  type RosterDiff,
  type ViewUpdate,
} from '../../core/index.js';
import type { Promotion, ServerEvent } from '../../server-event.js';
import type { CommandFrames } from '../frames/command-frames.js';
import { waitingMessage } from '../frames/session-frames.js';
import { ViewFrames } from '../frames/view-frame.js';
import type { Heartbeat } from '../liveness/keepalive.js';
import type { Session } from '../session/session.js';
import type { ActiveState, ObservingState } from '../session/session-state.js';
import { FanOut, type FanOutPorts } from './fan-out.js';
import type { FlowControl } from './flow-control.js';

/** With this many recipients a range, it pays to share the bytes among them. */
const SHARED_RECIPIENTS_MIN = 4;
/** How much may be under way to a recipient before it is written. */
const UNDER_WAY_CHARS_MAX = 1_048_576;

export interface GroupChannelPorts extends FanOutPorts {
  readonly config: ServerConfig;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly stallFreeClock: { readonly nowMs: number };
  readonly commandFrames: Pick<CommandFrames, 'encodeCommand'>;
  readonly flushCycle: FanOutPorts['flushCycle'] & {
    addChannel(channel: GroupChannel): void;
    addEvent(event: ServerEvent): void;
    flushSessions(): void;
  };
  readonly flowControl: FanOutPorts['flowControl'] & Pick<FlowControl, 'slowBytes' | 'pauseForSlowRecipients'>;
  readonly watchdog: { scheduleHeartbeat(session: Session, heartbeat: Heartbeat): void };
  readonly channels: { removeIfOver(channel: GroupChannel): void };
}

/**
 * What this server has to send to its sessions of one group. Decides the order of views, commands and receipts (R-VIEW-3): a
 * session gets the view that it has yet to be sent before any frame that follows from that view, and otherwise at the end of
 * the cycle. FanOut and Outbox keep the order that is decided here.
 */
export class GroupChannel {
  readonly group: Group;
  readonly updates: ViewUpdates;
  readonly fanOut: FanOut;
  /** Sessions that want to hear of more than their own rank: observers, and members with `updates` size or roster. */
  readonly #watchers: Set<Session>;
  readonly #ports: GroupChannelPorts;
  readonly #viewFrames: ViewFrames;
  readonly #underWayCharsMax: number;
  /** Of open commands, by seq. */
  readonly #deadlines = new Map<number, Timer>();
  #promotions: Promotion[] = [];
  #changedAtMs = 0;
  /** Members of smaller rank than this have kept it since updates were last sent to all. */
  #shiftedFrom = Number.POSITIVE_INFINITY;
  #waitlist: 'sent' | 'changed' = 'sent';
  #newLeader: 'unsent' | 'sent' = 'unsent';

  constructor(group: Group, watchers: Set<Session>, ports: GroupChannelPorts) {
    this.group = group;
    this.updates = new ViewUpdates(group.roster);
    this.fanOut = new FanOut(group, ports);
    this.#watchers = watchers;
    this.#ports = ports;
    this.#viewFrames = new ViewFrames(group, ports.config.RANKD_FRAME_BYTES_MAX);
    this.#underWayCharsMax = Math.min(UNDER_WAY_CHARS_MAX, ports.flowControl.slowBytes);
  }

  /** What observers last saw was of an earlier epoch, which ended with an empty group. */
  resetObservers(): void {
    for (const { state } of this.#watchers) {
      if (state.phase === 'observing') state.lastSeen = { view: 0, rank: undefined, size: 0, leader: undefined };
    }
  }

  addWatcher(session: Session): void {
    this.#watchers.add(session);
  }

  recordChange(change: RosterChangedEffect): void {
    this.fanOut.prepareRankChange();
    if (!this.updates.hasUnsent) this.#changedAtMs = this.#ports.clock.monotonicMs();
    this.updates.recordChange(change);
    const { from, to } = change.shifted;
    if (from !== to) this.#shiftedFrom = Math.min(this.#shiftedFrom, from);
    this.#ports.flushCycle.addChannel(this);
  }

  recordWaitlistChange(): void {
    this.#waitlist = 'changed';
    this.#ports.flushCycle.addChannel(this);
  }

  /** A timer runs until the deadline of an open command. */
  addDeadline(seq: number, timer: Timer): void {
    this.#deadlines.set(seq, timer);
  }

  cancelDeadline(seq: number): void {
    this.#deadlines.get(seq)?.cancel();
    this.#deadlines.delete(seq);
  }

  cancelDeadlines(): void {
    for (const seq of [...this.#deadlines.keys()]) this.cancelDeadline(seq);
  }

  /** R-CMD-4: to many recipients, the bytes are made once and shared; to a few, each gets them by itself. */
  deliverCommand(effect: DeliverEffect): void {
    const { ranges, by } = effect;
    const { commandFrames, flushCycle, flowControl } = this.#ports;
    const recipients = ranges.reduce((sum, { from, to }) => sum + to - from, 0);
    if (this.updates.hasUnsent) this.#sendViewsBeforeCommand(ranges);
    const frame = commandFrames.encodeCommand(effect);
    if (recipients < SHARED_RECIPIENTS_MIN * ranges.length) this.#sendToEach(frame, effect);
    else {
      for (const { from, to } of ranges) this.fanOut.addDelivery({ from, to, frame, by });
      flushCycle.addChannel(this);
      // R-FLOW-1: no more is collected than a recipient may be behind before it had a chance to read some of it.
      if (this.fanOut.pendingChars >= this.#underWayCharsMax) {
        this.fanOut.writeBatches();
        flushCycle.flushSessions();
      }
    }
    if (by !== undefined) flowControl.pauseForSlowRecipients(by, session => this.#isRecipient(session, ranges));
  }

  /** Each recipient gets the view that the command carries, with its rank in it, before the command. */
  #sendViewsBeforeCommand(ranges: readonly RankRange[]): void {
    const recipients = this.fanOut.recipientsByRank();
    for (const { from, to } of ranges) {
      for (let rank = from; rank < to; rank += 1) {
        const session = recipients[rank];
        if (session !== undefined) this.sendPendingView(session);
      }
    }
  }

  #sendToEach(frame: string, { ranges, by }: DeliverEffect): void {
    const recipients = this.fanOut.recipientsByRank();
    for (const { from, to } of ranges) {
      for (let rank = from; rank < to; rank += 1) {
        const session = recipients[rank];
        if (session === undefined) continue;
        session.sendFrame(frame);
        if (by !== undefined) this.#ports.flowControl.recordDelivery(session, () => [by]);
      }
    }
  }

  #isRecipient({ state }: Session, ranges: readonly RankRange[]): boolean {
    if (state.phase !== 'active' || state.group !== this.group) return false;
    const rank = this.group.roster.rankOf(state.member);
    return ranges.some(({ from, to }) => from <= rank && rank < to);
  }

  /** Sends a frame that follows from the newest view: a receipt, a `yield`, the roster. */
  sendInOrder(session: Session, frame: string): void {
    if (this.updates.hasUnsent) this.sendPendingView(session);
    session.sendFrame(frame);
  }

  /** Sends a new leader its view at once, ahead of everything else in the cycle. Later changes of the cycle wait for its end. */
  sendViewToNewLeader({ shifted: { from, to } }: RosterChangedEffect): void {
    if (this.#newLeader === 'sent' || from !== 0 || to === 0) return;
    this.#newLeader = 'sent';
    const session = this.fanOut.sessionOf(this.group.roster.leader);
    if (session === undefined) return;
    this.sendPendingView(session);
    session.outbox.flush();
  }

  /** Sends one session the view that it has yet to be sent, if there is one. */
  sendPendingView(session: Session): void {
    const { state } = session;
    if (!this.updates.hasUnsent || (state.phase !== 'active' && state.phase !== 'observing')) return;
    const member = state.phase === 'active' ? state.member : undefined;
    const update = this.updates.updateFor(member, state.lastSeen, state.interest);
    if (update === undefined) return;
    // R-LEAD-2: from its `yield` until it may act again, a leader is sent no view.
    if (state.phase === 'active' && state.yielding !== 'no') state.copy = 'stale';
    else this.#sendView(session, state, update);
  }

  #sendView(session: Session, state: ActiveState | ObservingState, update: ViewUpdate): void {
    const isStale = state.phase === 'active' && state.copy === 'stale';
    const frames = isStale
      ? this.#viewFrames.encodeReset(sinceLastSeen(update, state))
      : this.#viewFrames.encodeUpdate(update);
    state.lastSeen = lastSeenAfter(update);
    if (state.phase === 'active') state.copy = 'current';
    for (const frame of frames) session.sendFrame(frame);
    this.#thawHeartbeat(session, state);
    if (state.phase === 'active' && (update.rank ?? 0) < (update.was ?? 0))
      this.#promotions.push(promotionOf(state.member, update));
  }

  /** R-LEAD-2: lets a leader act again that was asked to yield and leads all the same. */
  reassureLeader(session: Session): void {
    const { state } = session;
    const last = this.group.history.last(1)[0];
    if (state.phase !== 'active' || last === undefined) return;
    const seen = this.updates.lastSeenByWelcome(state.member, this.group.view);
    const diff = state.interest === 'roster' ? emptyDiff : undefined;
    // Its place in the order is here: it may have been sent commands since the last change of the roster (R-VIEW-3).
    const { seq } = this.group;
    const update = { ...seen, seq, was: state.lastSeen.rank, cause: last.cause, changes: 0, diff };
    for (const frame of this.#viewFrames.encodeReset(sinceLastSeen(update, state))) session.sendFrame(frame);
    state.lastSeen = seen;
    state.copy = 'current';
    this.#thawHeartbeat(session, state);
  }

  /** R-LEAD-2: the view that lets a leader act again comes before the ping that renews its lease. */
  #thawHeartbeat(session: Session, state: ActiveState | ObservingState): void {
    const { heartbeat } = state.request;
    if (heartbeat?.thaw(this.#ports.stallFreeClock.nowMs) === true) {
      this.#ports.watchdog.scheduleHeartbeat(session, heartbeat);
    }
  }

  /** Called at the end of a cycle: sends everything that waits. */
  flush(): void {
    this.sendUpdates();
    this.fanOut.writeBatches();
    this.#ports.channels.removeIfOver(this);
  }

  /** Sends every session what it has yet to be sent of changes, once. */
  sendUpdates(): void {
    const nowMs = this.#ports.clock.monotonicMs();
    if (this.updates.hasUnsent) this.#sendViews();
    if (this.#waitlist === 'changed') this.#sendWaitlistPositions();
    const promotions = this.#promotions;
    this.#promotions = [];
    this.#newLeader = 'unsent';
    this.#shiftedFrom = Number.POSITIVE_INFINITY;
    if (promotions.length === 0) return;
    const { name: group, view } = this.group;
    const delayMs = nowMs - this.#changedAtMs;
    this.#ports.flushCycle.addEvent({ event: 'members.promoted', group, view, promotions, delayMs });
  }

  /** A view may end a session that is too far behind, which is one more change: sessions before it are sent another view. */
  #sendViews(): void {
    let sentView: number;
    do {
      sentView = this.group.view;
      // A change of the leader has shifted everybody, so it is covered too.
      const shifted = this.group.roster.slice(Math.min(this.#shiftedFrom, this.group.roster.size));
      this.#shiftedFrom = Number.POSITIVE_INFINITY;
      for (const member of shifted) {
        const session = this.fanOut.sessionOf(member);
        if (session === undefined) continue;
        this.sendPendingView(session);
        // No batch comes behind it; and thousands of views that wait together stop the next collection of garbage.
        if (this.fanOut.pendingCount === 0) session.flush();
      }
      for (const watcher of this.#watchers) this.sendPendingView(watcher);
    } while (this.group.view > sentView);
    this.updates.markAllSent();
  }

  /** R-JOIN-4: at first, and whenever the position changes. */
  #sendWaitlistPositions(): void {
    this.#waitlist = 'sent';
    const { waiting } = this.group;
    for (const [index, id] of waiting.entries()) {
      const session = this.#ports.sessions.get(id);
      if (session?.state.phase !== 'waiting' || session.state.lastPosition === index + 1) continue;
      session.state.lastPosition = index + 1;
      session.sendMessage(waitingMessage(index + 1, waiting.length, this.#ports.config));
    }
  }
}

const emptyDiff: RosterDiff = { joined: [], left: [], moved: [], away: [], resumed: [] };

/** For a session that was sent no view for a while: one frame stands for all changes since. */
function sinceLastSeen(update: ViewUpdate, { lastSeen }: ActiveState | ObservingState): ViewUpdate {
  return update.diff === undefined ? update : { ...update, changes: update.view - lastSeen.view };
}

function promotionOf(member: Member, update: ViewUpdate): Promotion {
  const { kind, member: by, reason } = update.cause;
  const cause = `${by.name} ${kind}${reason === undefined ? '' : ` (${reasonInWords(reason)})`}`;
  return { member: member.id, name: member.name, rank: update.rank ?? 0, was: update.was ?? 0, cause };
}
