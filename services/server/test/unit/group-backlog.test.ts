import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Group } from '../../src/core/index.js';
import { CHANGES_PENDING_MAX, GroupBacklog, type MirrorWrite } from '../../src/mirror/group-backlog.js';
import { joined, left, limitsOf } from './core/entries.js';

/** A group with its backlog: what happens to the one is noted in the other. */
class Stage {
  group = new Group('default', 1, limitsOf({ membersMax: 100_000 }));
  readonly backlog = new GroupBacklog(this.group);
  #joins = 0;

  join(): void {
    this.#joins += 1;
    this.#apply(joined(`m${this.#joins}`));
  }

  leave(rank: number): void {
    const member = this.group.roster.at(rank % Math.max(1, this.group.roster.size));
    if (member !== undefined) this.#apply(left(member.id));
  }

  /** The group ends and begins anew in a later epoch, as the coordinator does it. */
  beginAnew(): void {
    while (this.group.roster.size > 0) this.leave(0);
    this.group = new Group('default', this.group.epoch + 1, limitsOf());
    this.join();
  }

  get order(): string[] {
    return this.group.roster.slice().map(({ id }) => id);
  }

  #apply(entry: Parameters<Group['apply']>[0]): void {
    for (const effect of this.group.apply(entry)) {
      if (effect.kind === 'roster-changed') this.backlog.note(this.group, effect);
    }
  }
}

/** What the script makes of writes, in a few lines. */
class Copy {
  epoch = 0;
  view = 0;
  order: string[] = [];
  readonly events: string[] = [];

  take(write: MirrorWrite): 'written' | 'whole' {
    if (write.from !== 'whole' && (write.from !== this.view || write.group.epoch !== this.epoch)) return 'whole';
    if (write.from === 'whole') this.order = [];
    for (const [joins, member] of write.changes) {
      if (joins === 1) this.order.push(member);
      else this.order = this.order.filter(other => other !== member);
    }
    for (const event of write.events) this.#addEvent(Number(event[1]), Number(event[3]));
    this.epoch = write.group.epoch;
    this.view = write.view;
    return 'written';
  }

  #addEvent(epoch: number, view: number): void {
    if (epoch > this.epoch || (epoch === this.epoch && view > this.view)) this.events.push(`${epoch}.${view}`);
  }
}

/** One write from beginning to end, with something happening while it is under way. */
function writeAll(stage: Stage, copy: Copy, meanwhile: () => void = () => undefined): void {
  const write = stage.backlog.next();
  const result = copy.take(write);
  meanwhile();
  if (result === 'written') stage.backlog.wrote(write);
  else {
    stage.backlog.forget();
    writeAll(stage, copy);
  }
}

describe('a backlog', () => {
  it('brings the whole roster first, and then only what has changed', () => {
    const stage = new Stage();
    stage.join();
    stage.join();
    const first = stage.backlog.next();
    expect(first).toMatchObject({ from: 'whole', view: 2 });
    stage.backlog.wrote(first);
    stage.leave(0);
    expect(stage.backlog.next()).toMatchObject({ from: 2, view: 3, changes: [[0, 'm1']] });
  });

  it('keeps what happens while the first write is under way', () => {
    const [stage, copy] = [new Stage(), new Copy()];
    stage.join();
    writeAll(stage, copy, () => stage.join());
    writeAll(stage, copy);
    expect(copy.order).toEqual(['m1', 'm2']);
    expect(copy.events).toEqual(['1.1', '1.2']);
  });

  it.each([10, CHANGES_PENDING_MAX - 1, CHANGES_PENDING_MAX, CHANGES_PENDING_MAX + 1, 3 * CHANGES_PENDING_MAX])(
    'ends with the right table when %d changes happen while a write of 600 is under way',
    changes => {
      const [stage, copy] = [new Stage(), new Copy()];
      for (let count = 0; count < 600; count += 1) stage.join();
      writeAll(stage, copy, () => {
        for (let count = 0; count < changes; count += 1) stage.leave(count * 31);
        for (let count = 0; count < changes; count += 1) stage.join();
      });
      writeAll(stage, copy);
      expect(copy.order).toEqual(stage.order);
      expect(stage.backlog.lagViews).toBe(0);
    },
  );

  it('loses no event that it says it has, and says how many it has not', () => {
    const stage = new Stage();
    for (let count = 0; count < 600; count += 1) stage.join();
    const write = stage.backlog.next();
    for (let count = 0; count < 700; count += 1) stage.join();
    stage.backlog.wrote(write);
    const views = stage.backlog.next().events.map(event => Number(event[3]));
    expect(views).toEqual(Array.from({ length: 700 }, (_, index) => 601 + index));
  });

  it('is bounded, however long nothing is written: the last thousand changes, and a gap', () => {
    const stage = new Stage();
    for (let count = 0; count < 50_000; count += 1) {
      stage.join();
      stage.leave(0);
    }
    const { events, changes } = stage.backlog.next();
    expect(events).toHaveLength(CHANGES_PENDING_MAX + 1);
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

  it('brings the events of the group before it, and the whole roster of the new one', () => {
    const [stage, copy] = [new Stage(), new Copy()];
    stage.join();
    writeAll(stage, copy, () => stage.beginAnew());
    expect(stage.backlog.next().from).toBe('whole');
    writeAll(stage, copy);
    expect(copy.events).toEqual(['1.1', '1.2', '2.1']);
    expect(copy.order).toEqual(stage.order);
  });
});

type Step = 'join' | 'leave' | 'anew' | 'begin' | 'answer' | 'lost answer' | 'failed';

it('whatever fails, the copy has every event once and ends as the group stands', () => {
  const step = fc.constantFrom<Step>('join', 'join', 'leave', 'anew', 'begin', 'answer', 'lost answer', 'failed');
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), steps => {
      const [stage, copy] = [new Stage(), new Copy()];
      stage.join();
      runSteps(steps, stage, copy);
      writeAll(stage, copy);
      expect(copy.order).toEqual(stage.order);
      expect(new Set(copy.events).size).toBe(copy.events.length);
      expect(copy.events.at(-1)).toBe(`${stage.group.epoch}.${stage.group.view}`);
    }),
    { numRuns: 300 },
  );
});

function runSteps(steps: readonly Step[], stage: Stage, copy: Copy): void {
  let write: MirrorWrite | undefined;
  for (const [index, step] of steps.entries()) {
    if (step === 'join') stage.join();
    if (step === 'leave' && stage.group.roster.size > 1) stage.leave(index * 7);
    if (step === 'anew') stage.beginAnew();
    if (step === 'begin') write = stage.backlog.next();
    if (write === undefined || step === 'begin') continue;
    if (step === 'lost answer') copy.take(write);
    if (step === 'answer' && copy.take(write) === 'written') stage.backlog.wrote(write);
    else if (step === 'answer') stage.backlog.forget();
    if (['answer', 'lost answer', 'failed'].includes(step)) write = undefined;
  }
}
