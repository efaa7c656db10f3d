/** Turns the messages of an observer's sessions into one stream of a group's changes. */

import type { History, Roster } from '@rankd/client/observer';
import type { ObserverViewMessage } from '@rankd/protocol';
import type { EventMember, GroupEvent } from './group-event.js';
import { OrderReplica } from './order-replica.js';

type Change = History['changes'][number];

/** A place in the order of a group. */
interface Position {
  readonly epoch: number;
  readonly view: number;
}

/** The epoch of a group without members (R-ASK-1). */
const NO_EPOCH = 0;

/** What the feed needs next to continue without a gap. */
export type FeedStep =
  | { readonly kind: 'complete' }
  /** Pass the newest `limit` changes to `applyHistory`. */
  | { readonly kind: 'history'; readonly limit: number };

const complete: FeedStep = { kind: 'complete' };

/**
 * The stream of a group's changes: each view once and in order, over any number of sessions. A view that combines several changes, and a
 * new session, leave a gap. The caller fills it with the history of the server. If the history no longer has some of these changes, the
 * feed emits an event `missing`.
 */
export class ChangeFeed {
  readonly #emit: (event: GroupEvent) => void;
  readonly #now: () => string;
  readonly #historyMax: number;
  readonly #order = new OrderReplica();
  #group = '';
  #position: Position | undefined;
  /** The number of members after the last change. */
  #size = 0;
  #leader: string | undefined;
  /** The newest view that the feed has heard of. */
  #heard: Position = { epoch: NO_EPOCH, view: 0 };
  /** A view after which the group has no members, and whose changes were not emitted yet. */
  #ending: ObserverViewMessage | undefined;

  /**
   * @param now returns the time, ISO 8601
   * @param historyMax the largest number of changes that the server returns
   */
  constructor(emit: (event: GroupEvent) => void, now: () => string, historyMax: number) {
    this.#emit = emit;
    this.#now = now;
    this.#historyMax = historyMax;
  }

  /** Whether the ranks are known. If not, the caller passes a roster to `applyRoster`. */
  get needsRoster(): boolean {
    return !this.#order.isKnown;
  }

  /** Begins a session. */
  begin(roster: Roster): FeedStep {
    const { group, epoch, view, size, members } = roster;
    this.#group = group;
    this.#emit({ event: 'connected', ...this.#placed(epoch, view), size, leader: named(members[0]) });
    this.#ending = undefined;
    if (this.#position === undefined) {
      this.#position = { epoch, view };
      this.applyRoster(roster);
      return complete;
    }
    if (epoch !== NO_EPOCH) return this.#hear(epoch, view);
    this.#endGroup();
    return complete;
  }

  /** Applies a view. */
  applyView(message: ObserverViewMessage): FeedStep {
    const { epoch, view, changes, seq, cause, size, moved } = message;
    const { epoch: known, view: at } = this.#reached;
    if (epoch < known || (epoch === known && view <= at)) return complete;
    if (epoch !== known || view !== at + 1 || changes !== 1) {
      // The server forgets the history of a group with its last member.
      if (size === 0) this.#ending = message;
      return this.#hear(epoch, view);
    }
    const movedTo = moved?.find(({ member }) => member === cause.member)?.rank;
    this.#heard = { epoch, view };
    this.#emitChange(epoch, { view, seq, cause, size, at: this.#now() }, movedTo);
    return complete;
  }

  /**
   * Fills a gap with the history, newest change first.
   * @param limit the number of changes that were asked for
   */
  applyHistory({ epoch, changes }: History, limit: number): FeedStep {
    if (this.#ending?.epoch === this.#reached.epoch && epoch !== this.#reached.epoch) this.#endGroup();
    const { epoch: known, view: at } = this.#reached;
    if (epoch < known) return complete;
    const after = epoch === known ? at : 0;
    const missed = changes.filter(({ view }) => view > after).reverse();
    const first = missed[0]?.view ?? this.#heard.view + 1;
    const isCut = first > after + 1 && changes.length >= limit && limit < this.#historyMax;
    if (isCut) return { kind: 'history', limit: this.#historyMax };
    if (epoch !== known) this.#beginEpoch(epoch, missed.at(-1)?.view ?? this.#heard.view);
    else if (first > after + 1) this.#emitMissing(first - 1, first - 1 - after);
    for (const change of missed) this.#emitChange(epoch, change);
    return complete;
  }

  /** Replaces the ranks by those of a roster, if it is of the view that the feed has reached. */
  applyRoster({ epoch, view, size, members }: Roster): void {
    const { epoch: known, view: at } = this.#reached;
    if (epoch !== known || view !== at) return;
    this.#order.reset({ members });
    this.#size = size;
    this.#leader = members[0]?.member;
  }

  get #reached(): Position {
    return this.#position ?? { epoch: NO_EPOCH, view: 0 };
  }

  /** Records that the group has reached a view. Returns what the feed needs next to apply the changes up to this view. */
  #hear(epoch: number, view: number): FeedStep {
    const { epoch: known, view: at } = this.#reached;
    this.#heard = { epoch, view };
    if (epoch === known && view <= at) return complete;
    const count = epoch === known ? view - at : view;
    return { kind: 'history', limit: Math.max(1, Math.min(count, this.#historyMax)) };
  }

  /** Begins another epoch. Changes may be missing if the group had members at the end of the last one. */
  #beginEpoch(epoch: number, view: number): void {
    if (this.#size > 0) this.#emitMissing(view, undefined, epoch);
    else this.#order.reset({ members: [] });
    this.#position = { epoch, view: 0 };
  }

  /** Reports the departure of the last members, as far as the last view lists them: there is no history of them. */
  #endGroup(): void {
    const { epoch, view: at } = this.#reached;
    const { left = [], view = at, seq = 0 } = this.#ending ?? {};
    const count = this.#ending === undefined ? undefined : view - at - left.length;
    if (this.#size > 0 && count !== 0) this.#emitMissing(view - left.length, count);
    for (const [index, { member, name, reason }] of left.entries()) {
      const size = left.length - 1 - index;
      const cause = { kind: 'left', member, name, reason } as const;
      this.#emitChange(epoch, { view: view - size, seq: seq - size, cause, size, at: this.#now() });
    }
    this.#ending = undefined;
    this.#position = { epoch, view };
    this.#size = 0;
    this.#order.reset({ members: [] });
  }

  #emitMissing(view: number, count: number | undefined, epoch = this.#reached.epoch): void {
    const { epoch: afterEpoch, view: afterView } = this.#reached;
    this.#order.forget();
    this.#emit({ event: 'missing', ...this.#placed(epoch, view), count, afterView, afterEpoch });
  }

  #emitChange(epoch: number, { view, seq, cause, size, at }: Change, movedTo?: number): void {
    const { kind, member, name, reason } = cause;
    const ranks = this.#order.apply(cause, size, movedTo);
    const { leader } = this.#order;
    const isKnown = this.#order.isKnown;
    const leads = isKnown && leader !== undefined && leader.member !== this.#leader;
    this.#position = { epoch, view };
    this.#size = size;
    this.#leader = leader?.member;
    this.#emit({
      event: kind,
      ...this.#placed(epoch, view),
      at,
      seq,
      ...{ member, name, reason },
      ...ranks,
      size,
      leader: isKnown ? named(leader) : undefined,
      leads: leads ? true : undefined,
    });
  }

  #placed(epoch: number, view: number): { group: string; epoch: number; view: number; at: string } {
    return { group: this.#group, epoch, view, at: this.#now() };
  }
}

function named(member: EventMember | undefined): EventMember | null {
  return member === undefined ? null : { member: member.member, name: member.name };
}
