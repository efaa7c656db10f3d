import { beforeEach, describe, expect, it } from '@jest/globals';
import { BEHIND_MS, FlowAnnouncements, NAMED_MAX } from '../../../../src/cluster/flow/flow-announcements.js';
import type { ServerEntry, ServerFlowEntry } from '../../../../src/core/index.js';

let appended: ServerEntry[];
let format: number;
let readBackMs: number;
let changes: number;
let applied: Readonly<Record<string, string>>;
let announcements: FlowAnnouncements;

beforeEach(() => {
  [appended, format, readBackMs, changes, applied] = [[], 2, 0, 0, {}];
  const shard = {
    get registry() {
      return { format };
    },
    get readBackMs() {
      return readBackMs;
    },
    append: (entry: ServerEntry) => void appended.push(entry),
  };
  announcements = new FlowAnnouncements('here', {
    clock: { wallMs: () => 7 },
    shards: () => [shard],
    shardOf: group => {
      const servers = Object.entries(applied).map(([id, position]) => ({ id, applied: position }));
      return group === 'followed' ? { position: { epoch: 2, seq: 7 }, registry: { servers } } : undefined;
    },
  });
  announcements.onChanged(() => (changes += 1));
});

const flow = (...senders: string[]): ServerFlowEntry => ({ kind: 'server-flow', at: 7, senders, askers: [] });
const named = (prefix: string): string[] => Array.from({ length: NAMED_MAX + 1 }, (_, n) => `${prefix}${n}`);

describe('R-FLOW-1 the announcements of a server', () => {
  it('are in the log one at a time, and the next one has the newest state', () => {
    for (const senders of [['a'], ['a', 'b'], ['b']]) announcements.announce({ senders, askers: [] });
    expect(appended).toEqual([flow('a')]);
    announcements.recordApplied('here', flow('a'));
    expect(appended).toEqual([flow('a'), flow('b')]);
    announcements.recordApplied('here', flow('b'));
    expect(appended).toHaveLength(2);
  });

  it('name at most NAMED_MAX senders and askers', () => {
    announcements.announce({ senders: named('s'), askers: named('a') });
    expect(appended).toMatchObject([{ senders: { length: NAMED_MAX }, askers: { length: NAMED_MAX } }]);
  });

  it('are not written in format 1, which has none', () => {
    format = 1;
    announcements.announce({ senders: ['a'], askers: [] });
    expect(appended).toEqual([]);
    format = 2;
    announcements.announce({ senders: ['a'], askers: [] });
    expect(appended).toEqual([flow('a')]);
  });

  it('replace the ones before, and end when their server leaves the cluster', () => {
    announcements.recordApplied('there', flow('a'));
    announcements.recordApplied('there', flow('b'));
    expect([...announcements.others]).toMatchObject([{ senders: ['b'] }]);
    announcements.removeServer('there');
    announcements.removeServer('elsewhere');
    expect([[...announcements.others], changes]).toEqual([[], 3]);
  });

  it('say that the server is behind when it reads back a batch after BEHIND_MS', () => {
    readBackMs = BEHIND_MS - 1;
    expect(announcements.isBehind).toBe(false);
    readBackMs = BEHIND_MS;
    expect(announcements.isBehind).toBe(true);
  });
});

describe('what all servers have applied', () => {
  const place = { epoch: 2, seq: 7 };

  it.each([
    ['by this server alone', { here: '' }, true],
    ['by each other server', { here: '', there: '2-7', else: '3-0' }, true],
    ['not by a server that has reported an earlier record', { there: '2-7', else: '2-6' }, false],
    ['not by a server that has reported an earlier epoch', { there: '1-9' }, false],
    ['not by a server that has not reported anything', { there: '' }, false],
  ])('is reported by their heartbeats: %s', (_, positions, expected) => {
    applied = positions;
    expect(announcements.isAppliedByAll('followed', place)).toBe(expected);
  });

  it('is known for a group that this server follows', () => {
    expect([announcements.placeOf('followed'), announcements.placeOf('other')]).toEqual([place, undefined]);
    expect(announcements.isAppliedByAll('other', place)).toBe(true);
  });
});
