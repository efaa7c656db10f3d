import { expect, it } from '@jest/globals';
import { eventually } from '@rankd/testkit';
import type { Entry, GroupEntry } from '../../../src/core/index.js';
import type { OrderedLog, Origin } from '../../../src/log/ordered-log.js';
import { goodbye, joined, lost, newcomer } from '../../unit/core/reference/entries.js';

/** A log, and another log with the same order, if the kind of log allows one. */
export interface LogUnderTest {
  readonly log: OrderedLog;
  readonly other: OrderedLog | undefined;
  /** The name of a session at the log's server. */
  readonly sessionOf: (id: string) => string;
}

interface Applied {
  readonly entry: Entry;
  readonly effects: string[];
  readonly origin: Origin;
  /** The size of the entry's group when its effects were performed. */
  readonly size: number;
}

function record(log: OrderedLog, act: (applied: Applied) => void = () => undefined): Applied[] {
  const all: Applied[] = [];
  log.onApplied((entry, effects, origin) => {
    const size = entry.kind === 'frozen' ? 0 : (log.groups.get(entry.group)?.roster.size ?? 0);
    const applied = { entry, effects: effects.map(({ kind }) => kind), origin, size };
    all.push(applied);
    act(applied);
  });
  return all;
}

const come = (under: LogUnderTest, id: string): GroupEntry =>
  joined(id, { newcomer: newcomer(id, { session: under.sessionOf(id) }) });

const times = async (count: number, all: readonly unknown[]): Promise<void> => {
  await eventually(10_000, `${count} entries`, () => (all.length >= count ? true : undefined));
};

/** What every ordered log guarantees, in memory or shared. */
export function keepsTheOrder(make: () => Promise<LogUnderTest>): void {
  it('returns appended entries in order, each with its effects', async () => {
    const under = await make();
    const all = record(under.log);
    for (const id of ['a', 'b', 'c']) under.log.append(come(under, id));
    under.log.append(lost('b', { session: under.sessionOf('b') }));
    await times(4, all);
    expect(all.map(({ entry, size, origin }) => [entry.kind, size, origin])).toEqual([
      ['joined', 1, 'here'],
      ['joined', 2, 'here'],
      ['joined', 3, 'here'],
      ['departed', 2, 'here'],
    ]);
    expect(all.map(({ effects }) => effects[0])).toEqual([
      'roster-changed',
      'roster-changed',
      'roster-changed',
      'departed',
    ]);
  });

  it('applies an entry that an effect appends after that effect', async () => {
    const under = await make();
    const whileAppending: number[] = [];
    const all: Applied[] = record(under.log, ({ entry }) => {
      if (entry.kind !== 'joined') return;
      under.log.append(goodbye('a', { session: under.sessionOf('a') }));
      whileAppending.push(all.length);
    });
    under.log.append(come(under, 'a'));
    await times(2, all);
    expect([whileAppending, all.map(({ entry }) => entry.kind)]).toEqual([[1], ['joined', 'departed']]);
  });

  it('applies a repeated entry without effects', async () => {
    const under = await make();
    const all = record(under.log);
    for (let time = 0; time < 2; time += 1) under.log.append(come(under, 'a'));
    await times(2, all);
    expect(all.map(({ effects }) => effects.length)).toEqual([2, 0]);
  });

  it('is the same for every server that reads it', async () => {
    const under = await make();
    const [all, others] = [record(under.log), under.other === undefined ? undefined : record(under.other)];
    for (const id of ['a', 'b']) under.log.append(come(under, id));
    await times(2, all);
    if (others === undefined || under.other === undefined) return;
    await times(2, others);
    expect(others.map(({ entry, effects, origin }) => [entry, effects, origin])).toEqual(
      all.map(({ entry, effects }) => [JSON.parse(JSON.stringify(entry)) as Entry, effects, 'elsewhere']),
    );
    const roster = (log: OrderedLog): unknown => log.groups.get('default')?.roster.slice();
    expect(roster(under.other)).toEqual(roster(under.log));
  });

  it('reports that it is current', async () => {
    expect((await make()).log.isCurrent()).toBe(true);
  });
}
