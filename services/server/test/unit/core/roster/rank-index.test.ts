import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { RankIndex } from '../../../../src/core/roster/rank-index.js';
import { Slots } from '../../../../src/core/roster/slots.js';

interface Thing {
  readonly name: number;
  place: number;
}

/** The random operations. Numbers are taken modulo the size. */
const step = fc.oneof(
  fc.record({ kind: fc.constant('append' as const), count: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ kind: fc.constant('delete' as const), rank: fc.nat(), count: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ kind: fc.constant('move' as const), rank: fc.nat(), to: fc.nat() }),
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** The index, and a plain list as its model. */
class Pair {
  readonly index = new RankIndex<Thing>();
  readonly list: Thing[] = [];
  #named = 0;

  append(count: number): void {
    for (let added = 0; added < count; added += 1) {
      const thing = { name: (this.#named += 1), place: 0 };
      this.index.append(thing);
      this.list.push(thing);
    }
  }

  take(what: Step): void {
    if (what.kind === 'append') this.append(what.count);
    else if (this.list.length > 0) {
      const rank = what.rank % this.list.length;
      if (what.kind === 'move') this.#move(rank, what.to % this.list.length);
      else for (const thing of this.list.splice(rank, what.count)) this.index.delete(thing);
    }
  }

  #move(rank: number, to: number): void {
    const [thing] = this.list.splice(rank, 1);
    if (thing === undefined) return;
    this.list.splice(to, 0, thing);
    this.index.move(thing, to);
  }
}

describe('R-VIEW-1 ranks without gaps', () => {
  it('equal those of a plain list after random joins, departures and moves', () => {
    const isAlike = (steps: Step[]): void => {
      const both = new Pair();
      for (const each of steps) {
        both.take(each);
        expect(both.index.size).toBe(both.list.length);
      }
      expect(both.index.slice(0, both.list.length)).toEqual(both.list);
      both.list.forEach((thing, rank) => {
        expect(both.index.rankOf(thing)).toBe(rank);
        expect(both.index.at(rank)).toBe(thing);
      });
      expect([both.index.at(-1), both.index.at(both.list.length)]).toEqual([undefined, undefined]);
    };
    fc.assert(fc.property(fc.array(step, { maxLength: 30 }), isAlike), { numRuns: 300 });
  });

  it('equal those of a plain list for 100,000 members too', () => {
    const holds = (steps: Step[], asked: number[]): void => {
      const both = new Pair();
      both.append(100_000);
      for (const each of steps) both.take(each);
      for (const each of asked) {
        const rank = each % both.list.length;
        const thing = both.list[rank];
        expect(both.index.at(rank)).toBe(thing);
        if (thing !== undefined) expect(both.index.rankOf(thing)).toBe(rank);
        expect(both.index.slice(rank, rank + 10)).toEqual(both.list.slice(rank, rank + 10));
      }
    };
    const steps = fc.array(step, { minLength: 20, maxLength: 60 });
    fc.assert(fc.property(steps, fc.array(fc.nat(), { minLength: 20, maxLength: 20 }), holds), { numRuns: 10 });
  });
});

describe('R-JOIN-3 slots', () => {
  it('are always the smallest free number; kept seats occupy theirs', () => {
    const isSmallest = (steps: { take: boolean; which: number }[], kept: number[]): void => {
      const slots = new Slots();
      const taken = new Set<number>();
      for (const slot of kept) if (!taken.has(slot)) slots.reserve(slot);
      for (const slot of kept) taken.add(slot);
      for (const { take, which } of steps) {
        const some = [...taken][which % Math.max(1, taken.size)];
        if (take || some === undefined) {
          let smallest = 0;
          while (taken.has(smallest)) smallest += 1;
          expect(slots.allocate()).toBe(smallest);
          taken.add(smallest);
        } else {
          slots.release(some);
          taken.delete(some);
        }
      }
    };
    const steps = fc.array(fc.record({ take: fc.boolean(), which: fc.nat() }), { maxLength: 100 });
    fc.assert(fc.property(steps, fc.array(fc.nat({ max: 30 }), { maxLength: 10 }), isSmallest), { numRuns: 300 });
  });
});
