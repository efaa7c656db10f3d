import type { Cause as CauseMessage, Leader, NamedMember, ObserverViewMessage } from '@rankd/protocol';
import type { Cause, Member, ViewUpdate, RankedMember, RosterDiff } from '../../core/index.js';
import { rosterRow } from '../../roster-rows.js';
import { named } from './named.js';

/** R-VIEW-2. Written out by hand: a change may be told to everybody, and who caused it and who leads is the same to all. */
export function viewFrame(epoch: number, news: ViewUpdate, lists?: RosterDiff | 'reset'): string {
  const { view, seq, rank, was, size, changes, leader } = news;
  const head = `{"type":"view","epoch":${epoch},"view":${view},"seq":${seq},"size":${size},"changes":${changes}`;
  const cause = `,"cause":${causeTexts.of(news.cause)}`;
  const more = lists === undefined ? '' : `,${JSON.stringify(listsOf(lists)).slice(1, -1)}`;
  const led = leader === undefined ? '' : `,"leader":${leaderTexts.of(leader)}`;
  const own = rank === undefined || leader === undefined ? '' : `,"rank":${rank},"was":${was ?? rank}`;
  return `${head}${cause}${more}${led}${own}}\n`;
}

/** The JSON of things that many frames hold, made once for each. */
class Texts<T extends object> {
  readonly #texts = new WeakMap<T, string>();
  readonly #message: (thing: T) => object;

  constructor(message: (thing: T) => object) {
    this.#message = message;
  }

  of(thing: T): string {
    const known = this.#texts.get(thing);
    if (known !== undefined) return known;
    const text = JSON.stringify(this.#message(thing));
    this.#texts.set(thing, text);
    return text;
  }
}

const causeTexts = new Texts(causeMessage);
const leaderTexts = new Texts(leaderOf);

function listsOf(lists: RosterDiff | 'reset'): Partial<ObserverViewMessage> {
  if (lists === 'reset') return { reset: true };
  const rows = (members: readonly RankedMember[]): NamedMember[] =>
    members.map(({ member, rank }) => named(member, rank));
  return {
    joined: lists.joined.map(({ member, rank }) => rosterRow(member, rank)),
    left: lists.left.map(({ member, reason }) => ({ member: member.id, name: member.name, reason })),
    moved: rows(lists.moved),
    away: rows(lists.away),
    resumed: rows(lists.resumed),
  };
}

export function leaderOf(member: Member): Leader {
  return { member: member.id, name: member.name };
}

export function causeMessage(cause: Cause): CauseMessage {
  const { kind, member, reason } = cause;
  return { kind, member: member.id, name: member.name, ...(reason === undefined ? {} : { reason }) };
}
