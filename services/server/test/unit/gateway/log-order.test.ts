import { describe, expect, it } from '@jest/globals';
import { createEventLog } from '../../../src/observability/logging/event-log.js';
import { FakeClock } from './fake-clock.js';
import { GatewayFixture, type InMemoryPeer } from './gateway-fixture.js';

/** Each line of the log about ranks is true at its place: after the lines about what happened before. */

/** Returns the sentences of the log. */
function linesOf({ events }: GatewayFixture): string[] {
  const lines: string[] = [];
  const write = (_: object, sentence: string): void => void lines.push(sentence.replace(' in group default', ''));
  const logger = { debug: () => undefined, info: write, warn: write, isLevelEnabled: () => false };
  const log = createEventLog(logger as unknown as Parameters<typeof createEventLog>[0], new FakeClock());
  for (const event of events) log(event);
  return lines;
}

interface Fleet {
  readonly fixture: GatewayFixture;
  readonly members: readonly InMemoryPeer[];
  readonly together: (...acts: readonly (readonly [number, object])[]) => void;
}

/** A fleet whose members are called a, b, c and so on. */
function fleetOf(count: number, environment: Readonly<Record<string, string>> = {}): Fleet {
  const fixture = new GatewayFixture(environment);
  const members = Array.from({ length: count }, (_, index) => fixture.join({ name: nameOf(index) }));
  fixture.events.length = 0;
  /** Sends frames of several members that arrive together, so that one flush cycle has all of them. */
  const together: Fleet['together'] = (...acts) => {
    for (const [index, message] of acts) members[index]?.sendUnflushed(message);
    fixture.clock.settle();
  };
  return { fixture, members, together };
}

const nameOf = (index: number): string => (index < 26 ? String.fromCharCode(97 + index) : `m${index}`);
const leave = { type: 'leave' };
const bye = '(sent leave)';

describe('several departures in one flush', () => {
  it('promote each member before the line in which it has left', () => {
    const { fixture, together } = fleetOf(3);
    together([0, leave], [1, leave], [2, leave]);
    expect(linesOf(fixture)).toEqual([
      `a, rank 0, left group default ${bye}; 2 remain`,
      `b is promoted from rank 1 to rank 0 and leads: a left ${bye}`,
      `b, rank 0, left group default ${bye}; 1 remain`,
      `c, rank 0, left group default ${bye}; 0 remain`,
    ]);
  });

  it('promote the others once, after the departure that gave them their last rank', () => {
    const { fixture, together } = fleetOf(5);
    together([0, leave], [1, leave], [3, leave]);
    expect(linesOf(fixture)).toEqual([
      `a, rank 0, left group default ${bye}; 4 remain`,
      `b is promoted from rank 1 to rank 0 and leads: a left ${bye}`,
      `b, rank 0, left group default ${bye}; 3 remain`,
      `c is promoted from rank 2 to rank 0 and leads: b left ${bye}`,
      `d, rank 1, left group default ${bye}; 2 remain`,
      `e is promoted from rank 4 to rank 1: d left ${bye}`,
    ]);
  });

  it('of subordinates come after the promotions by an earlier departure', () => {
    const { fixture, together } = fleetOf(4);
    together([0, leave], [3, leave]);
    expect(linesOf(fixture)).toEqual([
      `a, rank 0, left group default ${bye}; 3 remain`,
      `b is promoted from rank 1 to rank 0 and leads: a left ${bye}`,
      `c is promoted from rank 2 to rank 1: a left ${bye}`,
      `d, rank 2, left group default ${bye}; 2 remain`,
    ]);
  });

  it('have promotions before the commands that promoted members send', () => {
    const { fixture, together } = fleetOf(4);
    const command = { type: 'command', id: '1', name: 'print', to: 'below', reply: 'none' };
    together([0, leave], [1, command], [2, leave]);
    const lines = linesOf(fixture);
    expect(lines.slice(0, 3)).toEqual([
      `a, rank 0, left group default ${bye}; 3 remain`,
      `b is promoted from rank 1 to rank 0 and leads: a left ${bye}`,
      expect.stringContaining(`c is promoted from rank 2 to rank 1: a left ${bye}`),
    ]);
    expect(lines.findIndex(line => line.includes('ordered print'))).toBeLessThan(
      lines.findIndex(line => line.startsWith('c, rank 1, left')),
    );
  });
});

it('departures that admit waiting sessions have the size after each, and name no member that left before it received its view', () => {
  const { fixture, together } = fleetOf(5, { RANKD_MEMBERS_MAX: '3', RANKD_WAITLIST_MAX: '2' });
  together([0, leave], [1, leave]);
  expect(linesOf(fixture)).toEqual([
    `a, rank 0, left group default ${bye}; 2 remain`,
    'd joined with rank 2 of 3',
    `b, rank 0, left group default ${bye}; 2 remain`,
    `c is promoted from rank 2 to rank 0 and leads: b left ${bye}`,
    `d is promoted from rank 2 to rank 1: b left ${bye}`,
    'e joined with rank 2 of 3',
  ]);
});

it('a move by an administrator comes before its promotions, and they before the next departure', () => {
  const { fixture, members } = fleetOf(4);
  const admin = fixture.join({ role: 'observer', token: 'admin', name: 'admin' });
  fixture.events.length = 0;
  const move = { type: 'admin', id: '1', action: 'move', member: memberIdOf(members[3]), rank: 1 };
  admin.sendUnflushed(move);
  members[1]?.sendUnflushed(leave);
  fixture.clock.settle();
  expect(linesOf(fixture)).toEqual([
    'd was moved to rank 1',
    'd is promoted from rank 3 to rank 1: d moved',
    `b, rank 2, left group default ${bye}; 3 remain`,
  ]);
});

describe('many promotions in one flush', () => {
  it('have twenty lines, and one more with the number of the others', () => {
    const { fixture, together } = fleetOf(22);
    together([0, leave]);
    expect(linesOf(fixture)).toHaveLength(1 + 20 + 1);
    expect(linesOf(fixture).at(-1)).toBe('1 more members were promoted');
  });

  it('have twenty lines for exactly twenty', () => {
    const { fixture, together } = fleetOf(21);
    together([0, leave]);
    expect(linesOf(fixture)).toHaveLength(1 + 20);
  });

  it('of several changes have twenty lines too, among them every new leader', () => {
    const { fixture, together } = fleetOf(40);
    together([0, leave], [1, leave]);
    const lines = linesOf(fixture);
    expect(lines.filter(line => line.includes('is promoted'))).toHaveLength(20);
    expect(lines.filter(line => line.includes('and leads'))).toEqual([
      expect.stringContaining('b is promoted from rank 1 to rank 0'),
      expect.stringContaining('c is promoted from rank 2 to rank 0'),
    ]);
    expect(lines.filter(line => line.includes('more members were promoted'))).toEqual([
      '19 more members were promoted',
    ]);
    expect(lines.at(-1)).toBe('19 more members were promoted');
  });
});

function memberIdOf(peer: InMemoryPeer | undefined): unknown {
  return peer?.frames.find(({ type }) => type === 'welcome')?.['member'];
}
