import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  Group,
  Telling,
  toldByNews,
  type GroupEntry,
  type Interest,
  type News,
  type RosterChangedEffect,
  type Told,
} from '../../../src/core/index.js';
import { agree } from './agree.js';
import { EPOCH, joined, left, limitsOf, only } from './entries.js';

/** One change, as somebody who lived through it would write it down. */
interface Experience {
  readonly change: RosterChangedEffect;
  readonly hasMovedIt: boolean;
}

/** What one member was told, and everything since. */
interface Diary {
  readonly interest: Interest;
  told: Told;
  since: Experience[];
}

const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('join' as const), wantsSize: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('leave' as const), rank: fc.nat({ max: 9 }) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('flush' as const) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('tell' as const), rank: fc.nat({ max: 9 }) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

class Readers {
  readonly #group = new Group('default', EPOCH, limitsOf());
  readonly #telling = new Telling(this.#group.roster);
  readonly #diaries = new Map<string, Diary>();
  #order: string[] = [];
  #joins = 0;
  /** Who was told, with a cause that was not the last change; who was spared though something had changed. */
  readonly counts = { told: 0, toldAnEarlierCause: 0, spared: 0 };

  take(step: Step): void {
    if (step.kind === 'join') this.#join(step.wantsSize ? 'size' : 'rank');
    if (step.kind === 'leave') this.#leave(this.#order[step.rank % this.#order.length]);
    if (step.kind === 'tell') this.#tell(this.#order[step.rank % this.#order.length]);
    if (step.kind === 'flush') this.#flush();
  }

  #join(interest: Interest): void {
    this.#joins += 1;
    const id = `m${this.#joins}`;
    const change = this.#apply(joined(id), [...this.#order, id]);
    const member = this.#group.roster.at(this.#order.length - 1);
    if (member === undefined) throw new Error(`${id} is not last`);
    const told = this.#telling.toldByWelcome(member, change.view);
    agree([told.rank, told.size, told.leader?.id], [this.#order.indexOf(id), this.#order.length, this.#order[0]]);
    this.#diaries.set(id, { interest, told, since: [] });
  }

  #leave(id: string | undefined): void {
    if (id === undefined) return;
    const rest = this.#order.filter(other => other !== id);
    this.#diaries.delete(id);
    this.#apply(left(id), rest);
  }

  #apply(entry: GroupEntry, order: string[]): RosterChangedEffect {
    const change = only(this.#group.apply(entry), 'roster-changed');
    this.#telling.note(change);
    for (const [id, { since }] of this.#diaries) {
      since.push({ change, hasMovedIt: order.indexOf(id) !== this.#order.indexOf(id) });
    }
    this.#order = order;
    return change;
  }

  /** What `newsFor` says of one member must be what its diary says. */
  #tell(id: string | undefined): void {
    const diary = id === undefined ? undefined : this.#diaries.get(id);
    const member = id === undefined ? undefined : this.#group.roster.member(id);
    if (diary === undefined || member === undefined) return;
    const news = this.#telling.newsFor(member, diary.told, diary.interest);
    const expected = this.#expected(member.id, diary);
    agree(summary(news), summary(expected));
    if (news === undefined) {
      this.counts.spared += diary.since.length > 0 ? 1 : 0;
      return;
    }
    this.counts.told += 1;
    this.counts.toldAnEarlierCause += news.cause === diary.since.at(-1)?.change.cause ? 0 : 1;
    diary.told = toldByNews(news);
    diary.since = [];
    agree(this.#telling.newsFor(member, diary.told, diary.interest), undefined);
  }

  #expected(id: string, { interest, told, since }: Diary): News | undefined {
    const [rank, size] = [this.#order.indexOf(id), this.#order.length];
    const leader = this.#group.roster.member(this.#order[0] ?? '');
    const last = since.at(-1);
    if (last === undefined || leader === undefined) return undefined;
    const hasNewLeader = leader.id !== told.leader?.id;
    const concerned = rank !== told.rank || hasNewLeader || (interest === 'size' && size !== told.size);
    if (!concerned) return undefined;
    const { cause } = since.filter(({ hasMovedIt }) => hasMovedIt).at(-1)?.change ?? last.change;
    const { view, seq } = last.change;
    return { view, seq, rank, was: told.rank, size, leader, changes: since.length, cause };
  }

  #flush(): void {
    for (const id of this.#order) this.#tell(id);
    this.#telling.settle();
    agree(this.#telling.pending, false);
    for (const diary of this.#diaries.values()) diary.since = [];
  }
}

/** Everything of it but whole members, whose open commands are nobody's concern here. */
const summary = (news: News | undefined): unknown =>
  news && {
    ...news,
    leader: news.leader.id,
    cause: [news.cause.kind, news.cause.member.id, news.cause.reason],
  };

const steps = fc.array(step, { maxLength: 80, size: 'max' });

const afterAll = (check: (readers: Readers) => void): void =>
  fc.assert(
    fc.property(steps, taken => {
      const readers = new Readers();
      for (const each of taken) readers.take(each);
      check(readers);
    }),
    { numRuns: 300 },
  );

describe('telling members of changes', () => {
  it('R-VIEW-1 R-VIEW-2 news are what a diary of every change says: who hears, of how many, and of which cause', () => {
    const sums = { told: 0, toldAnEarlierCause: 0, spared: 0 };
    afterAll(({ counts }) => {
      sums.told += counts.told;
      sums.toldAnEarlierCause += counts.toldAnEarlierCause;
      sums.spared += counts.spared;
    });
    for (const sum of Object.values(sums)) expect(sum).toBeGreaterThan(100);
  });
});
