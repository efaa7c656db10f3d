import { reasonInWords } from '@rankd/protocol';
import type { Timer } from '../../clock.js';
import {
  ViewUpdates,
  lastSeenAfter,
  sessionOf,
  type Group,
  type Member,
  type ViewUpdate,
  type RankRange,
  type RosterChangedEffect,
  type RosterDiff,
} from '../../core/index.js';
import type { Promotion } from '../../server-event.js';
import { FanOut } from './fan-out.js';
import type { Gateway } from '../gateway.js';
import { waitingMessage } from '../frames/session-frames.js';
import { ViewFrames } from '../frames/view-frame.js';
import type { Session } from '../session/session.js';
import type { ActiveState, ObservingState } from '../session/session-state.js';

/** The part of a group that concerns this server's sessions: what they have yet to be told. */
export class GroupChannel {
  readonly group: Group;
  readonly telling: ViewUpdates;
  readonly deliveries: FanOut;
  /** Sessions that want to hear of more than their own rank; observers, and members with `updates` size or roster. */
  readonly #watchers: Set<Session>;
  readonly #gateway: Gateway;
  readonly #frames: ViewFrames;
  /** Of commands that are open, by seq. */
  readonly #deadlines = new Map<number, Timer>();
  #promotions: Promotion[] = [];
  #changedAtMs = 0;
  /** Members of smaller rank than this have kept it since everybody was last told. */
  #shiftedFrom = Number.POSITIVE_INFINITY;
  #waitlist: 'told' | 'changed' = 'told';
  #edge: 'open' | 'told' = 'open';

  constructor(group: Group, watchers: Set<Session>, gateway: Gateway) {
    this.group = group;
    this.telling = new ViewUpdates(group.roster);
    this.#watchers = watchers;
    this.#gateway = gateway;
    this.#frames = new ViewFrames(group, gateway.config.RANKD_FRAME_BYTES_MAX);
    this.deliveries = new FanOut({
      sessionsByRank: () => group.roster.slice().map(member => this.sessionOf(member)),
      delivered: (recipient, senders) => gateway.flow.delivered(recipient, senders),
    });
  }

  /** What observers were last told was of an earlier epoch, at whose end nobody was left. */
  beginEpoch(): void {
    for (const { state } of this.#watchers) {
      if (state.phase === 'observing') state.told = { view: 0, rank: undefined, size: 0, leader: undefined };
    }
  }

  watch(session: Session): void {
    this.#watchers.add(session);
  }

  note(change: RosterChangedEffect, nowMs: number): void {
    this.deliveries.ranksChange();
    if (!this.telling.pending) this.#changedAtMs = nowMs;
    this.telling.note(change);
    this.#shiftedFrom = Math.min(
      this.#shiftedFrom,
      change.shifted.from === change.shifted.to ? Infinity : change.shifted.from,
    );
  }

  waitlistChanged(): void {
    this.#waitlist = 'changed';
  }

  /** A command's deadline is being waited for. */
  awaitUntil(seq: number, timer: Timer): void {
    this.#deadlines.set(seq, timer);
  }

  /** A command has ended: nothing waits for its deadline any more. */
  ended(seq: number): void {
    this.#deadlines.get(seq)?.cancel();
    this.#deadlines.delete(seq);
  }

  /** Nothing waits here for any deadline any more. */
  close(): void {
    for (const seq of [...this.#deadlines.keys()]) this.ended(seq);
  }

  /** The member's session on this server. */
  sessionOf(member: Member | undefined): Session | undefined {
    const id = member === undefined ? undefined : sessionOf(member);
    return id === undefined ? undefined : this.#gateway.session(id);
  }

  /** Who leads since the first change of a turn, where that made somebody lead. */
  takeEdge({ from, to }: RankRange): Session | undefined {
    if (this.#edge === 'told' || from !== 0 || to === 0) return undefined;
    this.#edge = 'told';
    return this.sessionOf(this.group.roster.leader);
  }

  isRecipient({ state }: Session, ranges: readonly RankRange[]): boolean {
    if (state.phase !== 'active' || state.group !== this.group) return false;
    const rank = this.group.roster.rankOf(state.member);
    return ranges.some(({ from, to }) => from <= rank && rank < to);
  }

  /** R-VIEW-3: brings one session up to date, so that what it is sent next comes in the order of seq. */
  tell(session: Session): void {
    const { state } = session;
    if (!this.telling.pending || (state.phase !== 'active' && state.phase !== 'observing')) return;
    const member = state.phase === 'active' ? state.member : undefined;
    const news = this.telling.newsFor(member, state.told, state.interest);
    if (news === undefined) return;
    if (state.phase === 'active' && state.yielding !== 'no') state.copy = 'stale';
    else this.#say(session, state, news);
  }

  #say(session: Session, state: ActiveState | ObservingState, news: ViewUpdate): void {
    const isStale = state.phase === 'active' && state.copy === 'stale';
    const frames = isStale ? this.#frames.encodeReset(sinceTold(news, state)) : this.#frames.encodeUpdate(news);
    state.told = lastSeenAfter(news);
    if (state.phase === 'active') state.copy = 'current';
    for (const frame of frames) session.push(frame);
    this.#letBeat(session, state);
    if (state.phase === 'active' && (news.rank ?? 0) < (news.was ?? 0))
      this.#promotions.push(promotionOf(state.member, news));
  }

  /** R-LEAD-2: lets a leader act again that was asked to stop and leads all the same. */
  reassure(session: Session): void {
    const { state } = session;
    const last = this.group.history.last(1)[0];
    if (state.phase !== 'active' || last === undefined) return;
    const told = this.telling.toldByWelcome(state.member, this.group.view);
    const delta = state.interest === 'roster' ? noDelta : undefined;
    // Its place in the order is here: it may have been sent commands since the last change of the roster (R-VIEW-3).
    const { seq } = this.group;
    const news = { ...told, seq, was: state.told.rank, cause: last.cause, changes: 0, delta };
    for (const frame of this.#frames.encodeReset(sinceTold(news, state))) session.push(frame);
    state.told = told;
    state.copy = 'current';
    this.#letBeat(session, state);
  }

  /** R-LEAD-2: the view that lets a leader act again comes before the ping that renews its lease. */
  #letBeat(session: Session, state: ActiveState | ObservingState): void {
    const { pulse } = state.asked;
    if (pulse?.thaw(this.#gateway.livedMs) === true) this.#gateway.beats(session, pulse);
  }

  /** Tells everybody what they have yet to hear, once each; returns who was promoted since the last time. */
  tellAll(nowMs: number): { readonly promotions: readonly Promotion[]; readonly delayMs: number } {
    if (this.telling.pending) this.#tellChanges();
    if (this.#waitlist === 'changed') this.#tellWaiting();
    const promotions = this.#promotions;
    this.#promotions = [];
    this.#edge = 'open';
    this.#shiftedFrom = Number.POSITIVE_INFINITY;
    return { promotions, delayMs: nowMs - this.#changedAtMs };
  }

  /** Telling puts out who is too far behind, which is one more change: those told before it are told again. */
  #tellChanges(): void {
    let toldView: number;
    do {
      toldView = this.group.view;
      // A change of the leader has shifted everybody, so it is covered too.
      const shifted = this.group.roster.slice(Math.min(this.#shiftedFrom, this.group.roster.size));
      this.#shiftedFrom = Number.POSITIVE_INFINITY;
      for (const member of shifted) {
        const session = this.sessionOf(member);
        if (session === undefined) continue;
        this.tell(session);
        // No share of anything comes behind it; and thousands of views that wait together stop the next collection of garbage.
        if (this.deliveries.count === 0) session.flush();
      }
      for (const watcher of this.#watchers) this.tell(watcher);
    } while (this.group.view > toldView);
    this.telling.settle();
  }

  /** R-JOIN-4: now, and whenever its position changes. */
  #tellWaiting(): void {
    this.#waitlist = 'told';
    const { waiting } = this.group;
    for (const [index, id] of waiting.entries()) {
      const session = this.#gateway.session(id);
      if (session?.state.phase !== 'waiting' || session.state.positionTold === index + 1) continue;
      session.state.positionTold = index + 1;
      session.say(waitingMessage(index + 1, waiting.length, this.#gateway.config));
    }
  }
}

const noDelta: RosterDiff = { joined: [], left: [], moved: [], away: [], resumed: [] };

/** Who is told of every change was told nothing for a while: one frame stands for all since. */
function sinceTold(news: ViewUpdate, { told }: ActiveState | ObservingState): ViewUpdate {
  return news.delta === undefined ? news : { ...news, changes: news.view - told.view };
}

function promotionOf(member: Member, news: ViewUpdate): Promotion {
  const { kind, member: by, reason } = news.cause;
  const cause = `${by.name} ${kind}${reason === undefined ? '' : ` (${reasonInWords(reason)})`}`;
  return { member: member.id, name: member.name, rank: news.rank ?? 0, was: news.was ?? 0, cause };
}
