import { reasonInWords } from '@rankd/protocol';
import {
  Telling,
  toldByNews,
  type Group,
  type Member,
  type MemberId,
  type News,
  type RosterChangedEffect,
} from '../core/index.js';
import type { Promotion } from '../server-event.js';
import { viewFrame } from './frames.js';
import type { Session } from './session.js';

/** The part of a group that concerns this server's sessions: who sits here, and what they have yet to be told. */
export class GroupDesk {
  readonly group: Group;
  readonly #telling: Telling;
  readonly #sessions = new Map<MemberId, Session>();
  #promotions: Promotion[] = [];
  readonly #sizeWatchers = new Set<MemberId>();
  #changedAtMs = 0;
  /** Members of smaller rank than this have kept it since everybody was last told. */
  #movedFrom = Number.POSITIVE_INFINITY;

  constructor(group: Group) {
    this.group = group;
    this.#telling = new Telling(group.roster);
  }

  get telling(): Telling {
    return this.#telling;
  }

  session(member: MemberId): Session | undefined {
    return this.#sessions.get(member);
  }

  seat(member: MemberId, session: Session): void {
    this.#sessions.set(member, session);
    if (session.state.phase === 'active' && session.state.interest === 'size') this.#sizeWatchers.add(member);
  }

  unseat(member: MemberId): void {
    this.#sessions.delete(member);
    this.#sizeWatchers.delete(member);
  }

  note(change: RosterChangedEffect, nowMs: number): void {
    if (!this.#telling.pending) this.#changedAtMs = nowMs;
    this.#telling.note(change);
    this.#movedFrom = Math.min(this.#movedFrom, change.movedFrom);
  }

  /** R-VIEW-3: brings one session up to date, so that what it is sent next comes in the order of seq. */
  tell(session: Session): void {
    if (!this.#telling.pending || session.state.phase !== 'active') return;
    const { member, told, interest } = session.state;
    const news = this.#telling.newsFor(member, told, interest);
    if (news === undefined) return;
    session.state.told = toldByNews(news);
    session.push(viewFrame(this.group.epoch, news));
    if (news.rank < news.was) this.#promotions.push(promotionOf(member, news));
  }

  /** Tells everybody what they have yet to hear, once each; returns who was promoted since the last time. */
  tellAll(nowMs: number): { readonly promotions: readonly Promotion[]; readonly delayMs: number } {
    if (this.#telling.pending) {
      // A change of the leader has moved everybody, so it is covered too.
      const from = this.#sizeWatchers.size > 0 ? 0 : this.#movedFrom;
      for (let rank = from; rank < this.group.roster.size; rank += 1) {
        const session = this.session(this.group.roster.at(rank)?.id ?? '');
        if (session !== undefined) this.tell(session);
      }
      this.#telling.settle();
    }
    const promotions = this.#promotions;
    this.#promotions = [];
    this.#movedFrom = Number.POSITIVE_INFINITY;
    return { promotions, delayMs: nowMs - this.#changedAtMs };
  }
}

function promotionOf(member: Member, news: News): Promotion {
  const { kind, member: by, reason } = news.cause;
  const cause = `${by.name} ${kind}${reason === undefined ? '' : ` (${reasonInWords(reason)})`}`;
  return { member: member.id, name: member.name, rank: news.rank, was: news.was, cause };
}
