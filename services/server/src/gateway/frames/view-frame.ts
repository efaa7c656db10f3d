import type { NamedMember, ObserverViewMessage } from '@rankd/protocol';
import type { Group, ViewUpdate, RankedMember, RosterDiff } from '../../core/index.js';
import { rosterRow } from '../../roster-rows.js';
import { rosterFrames } from './list-frames.js';
import { causeEntry, leaderEntry, memberEntry } from './message-parts.js';

/**
 * Encodes the view frames of one group (R-VIEW-2). Their text is concatenated from parts, because a change may be sent to every session,
 * and most parts are the same for all sessions.
 */
export class ViewFrames {
  readonly #group: Group;
  readonly #frameBytesMax: number;
  /** The texts of causes and leaders, which are the same in the frames of all sessions. */
  readonly #causeTexts = new TextCache(causeEntry);
  readonly #leaderTexts = new TextCache(leaderEntry);

  constructor(group: Group, frameBytesMax: number) {
    this.#group = group;
    this.#frameBytesMax = frameBytesMax;
  }

  /**
   * Returns the frames of a view. A session with `updates` roster gets the changed rows too. If these do not fit into a frame, it gets
   * the whole roster.
   */
  *encodeUpdate(update: ViewUpdate): Generator<string, void, undefined> {
    const whole = this.#encode(update, update.diff);
    if (update.diff === undefined || Buffer.byteLength(whole) <= this.#frameBytesMax) yield whole;
    else yield* this.encodeReset(update);
  }

  /**
   * Returns the frames of a view for a session whose copy of the roster is stale. A session with `updates` roster gets the whole roster.
   */
  *encodeReset(update: ViewUpdate): Generator<string, void, undefined> {
    if (update.diff === undefined) {
      yield this.#encode(update);
      return;
    }
    yield this.#encode(update, 'reset');
    yield* rosterFrames(this.#group, this.#frameBytesMax);
  }

  #encode(update: ViewUpdate, lists?: RosterDiff | 'reset'): string {
    const { view, seq, rank, was, size, changes, leader } = update;
    const { epoch } = this.#group;
    const head = `{"type":"view","epoch":${epoch},"view":${view},"seq":${seq},"size":${size},"changes":${changes}`;
    const cause = `,"cause":${this.#causeTexts.of(update.cause)}`;
    const more = lists === undefined ? '' : `,${JSON.stringify(listsOf(lists)).slice(1, -1)}`;
    const led = leader === undefined ? '' : `,"leader":${this.#leaderTexts.of(leader)}`;
    const own = rank === undefined || leader === undefined ? '' : `,"rank":${rank},"was":${was ?? rank}`;
    return `${head}${cause}${more}${led}${own}}\n`;
  }
}

/** The JSON text of objects that many frames contain, made once for each object. */
class TextCache<T extends object> {
  readonly #texts = new WeakMap<T, string>();
  readonly #messageOf: (object: T) => object;

  constructor(messageOf: (object: T) => object) {
    this.#messageOf = messageOf;
  }

  of(object: T): string {
    const known = this.#texts.get(object);
    if (known !== undefined) return known;
    const text = JSON.stringify(this.#messageOf(object));
    this.#texts.set(object, text);
    return text;
  }
}

function listsOf(lists: RosterDiff | 'reset'): Partial<ObserverViewMessage> {
  if (lists === 'reset') return { reset: true };
  const rows = (members: readonly RankedMember[]): NamedMember[] =>
    members.map(({ member, rank }) => memberEntry(member, rank));
  return {
    joined: lists.joined.map(({ member, rank }) => rosterRow(member, rank)),
    left: lists.left.map(({ member, reason }) => ({ member: member.id, name: member.name, reason })),
    moved: rows(lists.moved),
    away: rows(lists.away),
    resumed: rows(lists.resumed),
  };
}
