import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  Group,
  ViewUpdates,
  lastSeenAfter,
  type GroupEntry,
  type Interest,
  type Member,
  type Moment,
  type ViewUpdate,
  type RosterChangedEffect,
  type RosterDiff,
  type LastSeen,
} from '../../../../src/core/index.js';
import { agree } from '../reference/expect-same.js';
import {
  EPOCH,
  goodbye,
  hashNamed,
  joined,
  lost,
  moved,
  ofKind,
  only,
  resumed,
  rulesOf,
  sessionNamed,
  stopped,
} from '../reference/entries.js';

/** One change, and whether it moved the reader that observed it. */
interface ObservedChange {
  readonly change: RosterChangedEffect;
  readonly hasMovedIt: boolean;
  /** How many cycles had ended when it was made. */
  readonly cycle: number;
}

interface Row {
  readonly id: string;
  readonly isAway: boolean;
}

/**
 * The state of one reader, and the changes since then. A member's reader is named by its id, an observer's has a name
 * of its own.
 */
interface Reader {
  readonly interest: Interest;
  lastSeen: LastSeen;
  changesSince: ObservedChange[];
  /** The reader's copy of the roster, if it asked for `updates` roster. */
  rows: Row[];
}

const rank = fc.nat({ max: 9 });
const interest = fc.constantFrom<Interest>('rank', 'size', 'roster');
const step = fc.oneof(
  { weight: 10, arbitrary: fc.record({ kind: fc.constant('join' as const), interest }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('leave' as const), rank }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('move' as const), rank, to: rank }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('away' as const), rank }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('resume' as const), rank, interest }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('observe' as const), interest }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('flush' as const) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('send sizes' as const) }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('tell' as const), rank }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const without = (order: readonly Row[], id: string): Row[] => order.filter(row => row.id !== id);

/** R-VIEW-2: applies an update to the earlier roster. */
function applied(rows: readonly Row[], { joined, left, moved, away, resumed }: RosterDiff): Row[] {
  const out = new Set([...left, ...moved].map(({ member }) => member.id));
  const later = rows.filter(({ id }) => !out.has(id));
  for (const { member, rank } of [...joined, ...moved].sort((a, b) => a.rank - b.rank)) {
    const isAway = rows.find(({ id }) => id === member.id)?.isAway ?? member.presence.kind === 'away';
    later.splice(rank, 0, { id: member.id, isAway });
  }
  const isIn = (list: RosterDiff['away'], id: string): boolean => list.some(({ member }) => member.id === id);
  return later.map(({ id, isAway }) => ({ id, isAway: isIn(away, id) || (isAway && !isIn(resumed, id)) }));
}

class ViewUpdateReaders {
  readonly #group = new Group('default', EPOCH, rulesOf({ graceMs: 1e9, graceLeaderMs: 1e9 }));
  readonly #viewUpdates = new ViewUpdates(this.#group.roster);
  readonly #readers = new Map<string, Reader>();
  /** By rank. */
  #rows: Row[] = [];
  /** Every session name contains one of these, so that each session has its own secret. */
  #sessions = 0;
  readonly #sessionOf = new Map<string, string>();
  /** How often each case occurred, to check that the random scripts produce all of them. */
  readonly counts = {
    updates: 0,
    withEarlierCause: 0,
    spared: 0,
    ofLeaderOnly: 0,
    ofMoveAndBack: 0,
    deltas: 0,
    movedInDelta: 0,
    held: 0,
    ofManyCycles: 0,
  };
  #cycles = 0;

  applyStep(step: Step): void {
    const row = 'rank' in step ? this.#rows[step.rank % this.#rows.length] : undefined;
    if (step.kind === 'join') this.#join(step.interest);
    if (step.kind === 'observe') this.#observe(step.interest);
    if (step.kind === 'leave' && row?.isAway === false) this.#leave(row.id);
    if (step.kind === 'move' && row) this.#move(row, step.to % this.#rows.length);
    if (step.kind === 'away' && row?.isAway === false) this.#goAway(row.id);
    if (step.kind === 'resume' && row?.isAway === true) this.#resume(row.id, step.interest);
    if (step.kind === 'tell') this.#updateOneReader(step.rank);
    if (step.kind === 'flush') this.#flush();
    if (step.kind === 'send sizes') this.#sendSizes();
  }

  #join(interest: Interest): void {
    const id = this.#newSession();
    this.#sessionOf.set(id, id);
    const change = this.#apply(joined(id), [...this.#rows, { id, isAway: false }]);
    this.#welcome(id, interest, change.view);
  }

  #resume(id: string, interest: Interest): void {
    const session = this.#newSession();
    const secret = hashNamed(this.#sessionOf.get(id) ?? '');
    this.#sessionOf.set(id, session);
    const rows = this.#rows.map(row => (row.id === id ? { id, isAway: false } : row));
    const change = this.#apply(resumed(id, session, secret), rows);
    this.#welcome(id, interest, change.view);
  }

  #newSession(): string {
    this.#sessions += 1;
    return `m${this.#sessions}`;
  }

  #welcome(id: string, interest: Interest, view: number): void {
    const member = this.#group.roster.member(id);
    if (member === undefined) throw new Error(`${id} is not in the roster`);
    const lastSeen = this.#viewUpdates.lastSeenByWelcome(member, view);
    agree(
      [lastSeen.rank, lastSeen.size, lastSeen.leader?.id],
      [this.#rankOf(id), this.#rows.length, this.#rows[0]?.id],
    );
    this.#readers.set(id, { interest, lastSeen, changesSince: [], rows: this.#rows });
  }

  #observe(interest: Interest): void {
    const lastSeen = this.#viewUpdates.lastSeenByWelcome(undefined, this.#group.view);
    agree([lastSeen.rank, lastSeen.size, lastSeen.leader?.id], [undefined, this.#rows.length, this.#rows[0]?.id]);
    this.#readers.set(`observer ${this.#readers.size}`, { interest, lastSeen, changesSince: [], rows: this.#rows });
  }

  #departed(id: string): { session: string } {
    this.#readers.delete(id);
    return { session: sessionNamed(this.#sessionOf.get(id) ?? '') };
  }

  #leave(id: string): void {
    this.#apply(goodbye(id, this.#departed(id)), without(this.#rows, id));
  }

  #goAway(id: string): void {
    const rows = this.#rows.map(row => (row.id === id ? { id, isAway: true } : row));
    this.#apply(lost(id, this.#departed(id)), rows);
  }

  #move(row: Row, to: number): void {
    if (this.#rankOf(row.id) === to) return;
    const rows = without(this.#rows, row.id);
    rows.splice(to, 0, row);
    this.#apply(moved('x', row.id, to), rows);
  }

  #rankOf(id: string): number | undefined {
    const rank = this.#rows.findIndex(row => row.id === id);
    return rank < 0 ? undefined : rank;
  }

  /** Applies the entry. A leader that is asked stops at once. Afterwards the group must have these `rows`. */
  #apply(entry: GroupEntry, rows: Row[]): RosterChangedEffect {
    let effects = this.#group.apply(entry);
    const [asked] = ofKind(effects, 'ask-to-stop');
    if (asked) effects = this.#group.apply(stopped(asked.member.id, { ask: asked.ask }));
    const change = only(effects, 'roster-changed');
    this.#viewUpdates.recordChange(change);
    const before = this.#rows;
    for (const [id, { changesSince }] of this.#readers) {
      const was = before.findIndex(row => row.id === id);
      const hasMovedIt = rows.findIndex(row => row.id === id) !== was;
      changesSince.push({ change, hasMovedIt, cycle: this.#cycles });
    }
    this.#rows = rows;
    return change;
  }

  #updateOneReader(which: number): void {
    const ids = [...this.#readers.keys()];
    const id = ids[which % ids.length];
    if (id !== undefined) this.#updateReader(id, 'due');
  }

  /** Checks that the update for one reader is the one that the model expects. */
  #updateReader(id: string, moment: Moment): void {
    const reader = this.#readers.get(id);
    if (reader === undefined) return;
    const member = this.#group.roster.member(id);
    const news = this.#viewUpdates.updateFor(member, reader.lastSeen, reader.interest, moment);
    agree(summary(news), summary(this.#expected(id, reader, moment)));
    if (news === undefined) {
      this.counts.spared += reader.changesSince.length > 0 ? 1 : 0;
      this.counts.held += this.#expected(id, reader, 'due') === undefined ? 0 : 1;
      return;
    }
    this.#countUpdate(news, reader);
    if (news.diff !== undefined) this.#checkDiff(news.diff, reader);
    reader.lastSeen = lastSeenAfter(news);
    reader.changesSince = [];
    agree(this.#viewUpdates.updateFor(member, reader.lastSeen, reader.interest), undefined);
  }

  #expected(
    id: string,
    { interest, lastSeen, changesSince }: Reader,
    moment: Moment,
  ): Omit<ViewUpdate, 'diff'> | undefined {
    const [rank, size] = [this.#rankOf(id), this.#rows.length];
    const leader = this.#group.roster.member(this.#rows[0]?.id ?? '');
    const last = changesSince.at(-1);
    if (last === undefined) return undefined;
    const hasNewLeader = leader?.id !== lastSeen.leader?.id;
    // R-JOIN-1: a view that only contains another size may wait.
    const hasNewSize = interest === 'size' && moment === 'due' && size !== lastSeen.size;
    if (interest !== 'roster' && rank === lastSeen.rank && !hasNewLeader && !hasNewSize) return undefined;
    const { cause } = changesSince.filter(({ hasMovedIt }) => hasMovedIt).at(-1)?.change ?? last.change;
    const { view, seq } = last.change;
    return { view, seq, rank, was: lastSeen.rank, size, leader, changes: changesSince.length, cause };
  }

  /** Checks that the listed members explain the difference, and that the reader's roster becomes the current one. */
  #checkDiff(diff: RosterDiff, reader: Reader): void {
    const then = reader.rows.map(({ id }) => id);
    const now = this.#rows.map(({ id }) => id);
    const movers = reader.changesSince
      .filter(({ change }) => change.cause.kind === 'moved')
      .map(({ change }) => change.cause.member.id);
    const ids = (rows: readonly { readonly member: Member }[]): string[] => rows.map(({ member }) => member.id);
    agree(
      ids(diff.joined),
      now.filter(id => !then.includes(id)),
    );
    agree(ids(diff.left).sort(), then.filter(id => !now.includes(id)).sort());
    agree(
      ids(diff.moved),
      now.filter(id => then.includes(id) && movers.includes(id)),
    );
    const named = [...diff.joined, ...diff.moved, ...diff.away, ...diff.resumed];
    for (const { member, rank } of named) agree(rank, this.#rankOf(member.id));
    const isAway = (rank: number): boolean | undefined => this.#rows[rank]?.isAway;
    agree([diff.away.every(({ rank }) => isAway(rank)), diff.resumed.some(({ rank }) => isAway(rank))], [true, false]);
    reader.rows = applied(reader.rows, diff);
    agree(reader.rows, this.#rows);
    this.counts.deltas += 1;
    this.counts.movedInDelta += diff.moved.length;
  }

  #countUpdate(news: ViewUpdate, { lastSeen, changesSince }: Reader): void {
    this.counts.updates += 1;
    this.counts.withEarlierCause += news.cause === changesSince.at(-1)?.change.cause ? 0 : 1;
    const isSpared = news.rank === undefined || news.rank === lastSeen.rank;
    this.counts.ofLeaderOnly += isSpared && changesSince.every(({ hasMovedIt }) => !hasMovedIt) ? 1 : 0;
    this.counts.ofMoveAndBack += isSpared && changesSince.some(({ hasMovedIt }) => hasMovedIt) ? 1 : 0;
    this.counts.ofManyCycles += changesSince.some(({ cycle }) => cycle < this.#cycles) ? 1 : 0;
  }

  /** Ends a cycle: all readers but those of the size have received what they should. */
  #flush(): void {
    for (const id of [...this.#readers.keys()]) this.#updateReader(id, 'cycle-end');
    this.#viewUpdates.markSentExceptSizes();
    agree(this.#viewUpdates.hasNew, false);
    for (const reader of this.#readers.values()) if (reader.interest !== 'size') reader.changesSince = [];
    this.#cycles += 1;
  }

  /** Sends the held sizes, as after their delay. */
  #sendSizes(): void {
    const { recordedView } = this.#viewUpdates;
    for (const [id, { interest }] of this.#readers) if (interest === 'size') this.#updateReader(id, 'due');
    this.#viewUpdates.markSizesSent(recordedView);
    agree(this.#viewUpdates.hasUnsent, this.#viewUpdates.hasNew);
    for (const reader of this.#readers.values()) if (reader.interest === 'size') reader.changesSince = [];
  }
}

/** The update without member objects, whose open commands do not matter here. */
const summary = (news: Omit<ViewUpdate, 'diff'> | undefined): unknown =>
  news && {
    ...{ view: news.view, seq: news.seq, rank: news.rank, was: news.was, size: news.size, changes: news.changes },
    leader: news.leader?.id,
    cause: [news.cause.kind, news.cause.member.id, news.cause.reason],
  };

const steps = fc.array(step, { maxLength: 80, size: 'max' });

const afterAll = (check: (readers: ViewUpdateReaders) => void): void =>
  fc.assert(
    fc.property(steps, taken => {
      const readers = new ViewUpdateReaders();
      for (const each of taken) readers.applyStep(each);
      check(readers);
    }),
    { numRuns: 300 },
  );

describe('view updates for members and observers', () => {
  it('R-VIEW-1 R-VIEW-2 match a log of all changes: which readers receive one, its count, its cause and its members', () => {
    const sums = new ViewUpdateReaders().counts;
    afterAll(({ counts }) => {
      for (const key of Object.keys(sums) as (keyof typeof sums)[]) sums[key] += counts[key];
    });
    for (const sum of Object.values(sums)) expect(sum).toBeGreaterThan(40);
  });
});
