import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Group, sessionOf, type Member } from '../../../src/core/index.js';
import {
  CHANGES_PENDING_MIN,
  EVENTS_MAX,
  GroupWriteQueue,
  MOVE_STEPS_MAX,
  type MirrorWrite,
} from '../../../src/mirror/group-write-queue.js';
import { goodbye, hashNamed, joined, lost, moved, removed, resumed, rulesOf } from '../core/reference/entries.js';

/** A group and its write queue: each change of the group is recorded in the queue. */
class WriteQueueFixture {
  group = new Group('default', 1, rulesOf({ membersMax: 100_000, graceMs: 60_000 }));
  readonly backlog = new GroupWriteQueue(this.group);
  #joins = 0;

  join(): void {
    this.#joins += 1;
    this.#apply(joined(`m${this.#joins}`));
  }

  leave(rank: number): void {
    const member = this.group.roster.at(rank % Math.max(1, this.group.roster.size));
    if (member === undefined) return;
    const session = sessionOf(member);
    this.#apply(session === undefined ? removed('remove', member.id) : goodbye(member.id, { session }));
  }

  /** A member is lost or moves. The leader does neither, because it would be asked to stop first. */
  goAway(rank: number): void {
    const member = this.#below(rank);
    if (member !== undefined) this.#apply(lost(member.id, { session: sessionOf(member) ?? '' }));
  }

  /** The member at this rank resumes. If it was not away, its new session replaces the old one. */
  comeBack(rank: number): void {
    const member = this.#below(rank);
    if (member === undefined) return;
    this.#joins += 1;
    this.#apply(resumed(member.id, `again-${this.#joins}`, member.secrets.current));
    if (this.group.roster.member(member.id) === member) this.backlog.addSeat(member);
  }

  move(rank: number, to: number): void {
    const member = this.#below(rank);
    const last = this.group.roster.size - 1;
    if (member !== undefined) this.#apply(moved('move', member.id, 1 + (to % last)));
  }

  #below(rank: number): Member | undefined {
    return this.group.roster.at(1 + (rank % Math.max(1, this.group.roster.size - 1)));
  }

  /** Removes the group and creates it again in a later epoch, as the coordinator does. */
  beginAnew(): void {
    while (this.group.roster.size > 0) this.leave(0);
    this.group = new Group('default', this.group.epoch + 1, rulesOf({ membersMax: 100_000, graceMs: 60_000 }));
    this.join();
  }

  /** The state of each member that the copy must have, by rank. */
  get members(): object[] {
    return this.group.roster.slice().map(({ id, presence, secrets }) => {
      return { member: id, state: presence.kind, secretHash: secrets.current };
    });
  }

  get order(): string[] {
    return this.group.roster.slice().map(({ id }) => id);
  }

  #apply(entry: Parameters<Group['apply']>[0]): void {
    for (const effect of this.group.apply(entry)) {
      if (effect.kind === 'roster-changed') this.backlog.addChange(this.group, effect);
    }
  }
}

/** Applies a write to the copy like the Lua script, in a few lines. */
class Copy {
  epoch = 0;
  view = 0;
  order: string[] = [];
  readonly facts = new Map<string, string>();
  readonly seats = new Map<string, string>();
  readonly events: string[] = [];

  get members(): object[] {
    return this.order.map(member => {
      const { state } = JSON.parse(this.facts.get(member) ?? '{}') as { state?: string };
      const { secretHash } = JSON.parse(this.seats.get(member) ?? '{}') as { secretHash?: string };
      return { member, state, secretHash };
    });
  }

  take(write: MirrorWrite): 'written' | 'whole' {
    if (write.from !== 'whole' && (write.from !== this.view || write.group.epoch !== this.epoch)) return 'whole';
    if (write.from === 'whole') this.order = [];
    for (const change of write.changes) this.#change(change);
    for (const event of write.events) this.#addEvent(Number(event[1]), Number(event[3]));
    this.epoch = write.group.epoch;
    this.view = write.view;
    return 'written';
  }

  #change(change: MirrorWrite['changes'][number]): void {
    const [kind, member] = change;
    if (kind === 0 || kind === 2) this.order = this.order.filter(other => other !== member);
    if (kind === 1) this.order.push(member);
    if (kind === 2) this.order.splice(change[2], 0, member);
    if (kind === 1 || kind === 3) {
      this.facts.set(member, change[2]);
      this.seats.set(member, change[3]);
    }
    if (kind === 4) this.seats.set(member, change[2]);
  }

  #addEvent(epoch: number, view: number): void {
    if (epoch > this.epoch || (epoch === this.epoch && view > this.view)) this.events.push(`${epoch}.${view}`);
  }
}

/** One write from beginning to end, with changes while it is in progress. */
function writeAll(fixture: WriteQueueFixture, copy: Copy, meanwhile: () => void = () => undefined): void {
  const write = fixture.backlog.buildWrite();
  const result = copy.take(write);
  meanwhile();
  if (result === 'written') fixture.backlog.recordWritten(write);
  else {
    fixture.backlog.discardHeldView();
    writeAll(fixture, copy);
  }
}

describe('a write queue', () => {
  it('writes the whole roster first, and then only changes', () => {
    const fixture = new WriteQueueFixture();
    fixture.join();
    fixture.join();
    const first = fixture.backlog.buildWrite();
    expect(first).toMatchObject({ from: 'whole', view: 2 });
    fixture.backlog.recordWritten(first);
    fixture.leave(0);
    expect(fixture.backlog.buildWrite()).toMatchObject({ from: 2, view: 3, changes: [[0, 'm1']] });
  });

  it('keeps changes that happen during the first write', () => {
    const [fixture, copy] = [new WriteQueueFixture(), new Copy()];
    fixture.join();
    writeAll(fixture, copy, () => fixture.join());
    writeAll(fixture, copy);
    expect(copy.order).toEqual(['m1', 'm2']);
    expect(copy.events).toEqual(['1.1', '1.2']);
  });

  it.each([10, CHANGES_PENDING_MIN - 1, CHANGES_PENDING_MIN, CHANGES_PENDING_MIN + 1, 3 * CHANGES_PENDING_MIN])(
    'ends with the right roster when %d changes happen during a write of 600',
    changes => {
      const [fixture, copy] = [new WriteQueueFixture(), new Copy()];
      for (let count = 0; count < 600; count += 1) fixture.join();
      writeAll(fixture, copy, () => {
        for (let count = 0; count < changes; count += 1) fixture.leave(count * 31);
        for (let count = 0; count < changes; count += 1) fixture.join();
      });
      writeAll(fixture, copy);
      expect(copy.order).toEqual(fixture.order);
      expect(fixture.backlog.lagViews).toBe(0);
    },
  );

  it('drops no event without counting it as missed', () => {
    const fixture = new WriteQueueFixture();
    for (let count = 0; count < 600; count += 1) fixture.join();
    const write = fixture.backlog.buildWrite();
    for (let count = 0; count < 700; count += 1) fixture.join();
    fixture.backlog.recordWritten(write);
    const views = fixture.backlog.buildWrite().events.map(event => Number(event[3]));
    expect(views).toEqual(Array.from({ length: 700 }, (_, index) => 601 + index));
  });

  it('writes only the changes of a large group, with the last thousand events', () => {
    const [fixture, copy] = [new WriteQueueFixture(), new Copy()];
    for (let count = 0; count < 3000; count += 1) fixture.join();
    writeAll(fixture, copy);
    for (let count = 0; count < 1500; count += 1) fixture.leave(count * 31);
    const { from, changes, events } = fixture.backlog.buildWrite();
    expect([from, changes.length, events.length]).toEqual([3000, 1500, EVENTS_MAX + 1]);
    expect(events[0]?.slice(-4)).toEqual(['kind', 'gap', 'missed', '500']);
    writeAll(fixture, copy);
    expect(copy.order).toEqual(fixture.order);
    for (let count = 0; count < 1501; count += 1) fixture.join();
    for (let count = 0; count < 3000; count += 1) fixture.leave(count * 31);
    expect(fixture.backlog.buildWrite().from).toBe('whole');
  });

  it('has at most the last thousand changes and a gap, even if nothing is written for long', () => {
    const fixture = new WriteQueueFixture();
    for (let count = 0; count < 50_000; count += 1) {
      fixture.join();
      fixture.leave(0);
    }
    const { events, changes } = fixture.backlog.buildWrite();
    expect(events).toHaveLength(EVENTS_MAX + 1);
    expect(changes).toEqual([]);
    expect(events[0]).toEqual([
      'epoch',
      '1',
      'view',
      '99000',
      'at',
      expect.any(String),
      'kind',
      'gap',
      'missed',
      '99000',
    ]);
  });

  it('writes the events of the previous epoch, and the whole roster of the new one', () => {
    const [fixture, copy] = [new WriteQueueFixture(), new Copy()];
    fixture.join();
    writeAll(fixture, copy, () => fixture.beginAnew());
    expect(fixture.backlog.buildWrite().from).toBe('whole');
    writeAll(fixture, copy);
    expect(copy.events).toEqual(['1.1', '1.2', '2.1']);
    expect(copy.order).toEqual(fixture.order);
  });
});

it('writes moves as moves, away and resumed members with their state, and a new secret alone', () => {
  const fixture = new WriteQueueFixture();
  for (let count = 0; count < 4; count += 1) fixture.join();
  fixture.backlog.recordWritten(fixture.backlog.buildWrite());
  fixture.move(1, 2);
  fixture.goAway(0);
  fixture.comeBack(1);
  const { from, changes, seats } = fixture.backlog.buildWrite();
  const away = expect.stringContaining('"state":"away"');
  expect([from, changes]).toEqual([
    4,
    [
      [2, 'm3', 3],
      [3, 'm2', away, expect.stringContaining(hashNamed('m2'))],
      [4, 'm4', expect.stringContaining(hashNamed('again-5'))],
    ],
  ]);
  expect(seats.map(({ member }) => member.id)).toEqual(['m4']);
});

it('R-VIEW-6 writes a secret that changed while the previous one was being written', () => {
  const fixture = new WriteQueueFixture();
  for (let count = 0; count < 2; count += 1) fixture.join();
  fixture.backlog.recordWritten(fixture.backlog.buildWrite());
  fixture.comeBack(0);
  const write = fixture.backlog.buildWrite();
  fixture.comeBack(0);
  fixture.backlog.recordWritten(write);
  const { changes } = fixture.backlog.buildWrite();
  expect(changes).toEqual([[4, 'm2', expect.stringContaining(hashNamed('again-4'))]]);
});

it('has no seat of a member that resumed and has left since', () => {
  const fixture = new WriteQueueFixture();
  for (let count = 0; count < 4; count += 1) fixture.join();
  fixture.comeBack(0);
  fixture.leave(1);
  expect(fixture.backlog.buildWrite().seats).toEqual([]);
});

it('writes the whole roster if its moves would take Redis too long', () => {
  const fixture = new WriteQueueFixture();
  const size = 1000;
  for (let count = 0; count < size; count += 1) fixture.join();
  fixture.backlog.recordWritten(fixture.backlog.buildWrite());
  for (let move = 0; move < MOVE_STEPS_MAX / size; move += 1) fixture.move(0, size);
  expect(fixture.backlog.buildWrite()).toMatchObject({ from: size, changes: expect.any(Array) });
  fixture.move(0, 5);
  expect(fixture.backlog.buildWrite().from).toBe('whole');
  expect(fixture.backlog.buildWrite().changes).toHaveLength(size);
});

type Change = 'join' | 'leave' | 'away' | 'back' | 'move' | 'anew';
type Step = Change | 'begin' | 'answer' | 'lost answer' | 'failed';
const changes: readonly Step[] = ['join', 'join', 'leave', 'away', 'back', 'move', 'anew'];

it('after any failure, the copy has every event once and ends in the state of the group', () => {
  const step = fc.constantFrom<Step>(...changes, 'begin', 'answer', 'lost answer', 'failed');
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), steps => {
      const [fixture, copy] = [new WriteQueueFixture(), new Copy()];
      fixture.join();
      runSteps(steps, fixture, copy);
      writeAll(fixture, copy);
      expect(copy.order).toEqual(fixture.order);
      expect(copy.members).toEqual(fixture.members);
      expect(new Set(copy.events).size).toBe(copy.events.length);
      expect(copy.events.at(-1)).toBe(`${fixture.group.epoch}.${fixture.group.view}`);
    }),
    { numRuns: 300 },
  );
});

function runSteps(steps: readonly Step[], fixture: WriteQueueFixture, copy: Copy): void {
  let write: MirrorWrite | undefined;
  for (const [index, step] of steps.entries()) {
    if (step === 'join') fixture.join();
    if (step === 'leave' && fixture.group.roster.size > 1) fixture.leave(1 + index * 7);
    if (step === 'away') fixture.goAway(index * 5);
    if (step === 'back') fixture.comeBack(index * 3);
    if (step === 'move') fixture.move(index * 11, index * 13);
    if (step === 'anew') fixture.beginAnew();
    if (step === 'begin') write = fixture.backlog.buildWrite();
    if (write === undefined || step === 'begin') continue;
    if (step === 'lost answer') copy.take(write);
    if (step === 'answer' && copy.take(write) === 'written') fixture.backlog.recordWritten(write);
    else if (step === 'answer') fixture.backlog.discardHeldView();
    if (['answer', 'lost answer', 'failed'].includes(step)) write = undefined;
  }
}
