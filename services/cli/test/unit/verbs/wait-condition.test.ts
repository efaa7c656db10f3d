import { describe, expect, it } from '@jest/globals';
import type { RosterMember } from '@rankd/protocol';
import { judgeRoster, parseWaitCondition, type WaitConditionOptions } from '../../../src/commands/wait-condition.js';
import { UsageError } from '../../../src/errors.js';

const rosterOf = (...states: RosterMember['state'][]): Parameters<typeof judgeRoster>[1] => ({
  ...{ group: 'g', epoch: 70, view: 9, size: states.length },
  members: states.map((state, rank) => ({
    ...{ rank, member: `m${rank}`, name: ['ann', 'bob', 'cid'][rank] ?? '', slot: rank, tags: {}, address: '', state },
    joinedAt: '2026-11-30T10:00:00.000Z',
  })),
});
const judged = (options: WaitConditionOptions, ...states: RosterMember['state'][]): unknown =>
  judgeRoster(parseWaitCondition(options), rosterOf(...states));

describe('a condition of wait', () => {
  it.each<[WaitConditionOptions, RosterMember['state'][], boolean, string]>([
    [{ members: '0' }, [], true, 'group g has 0 members'],
    [{ members: '2' }, ['present', 'present'], true, 'group g has 2 members'],
    [{ members: '2' }, ['present', 'away'], false, '1 of 2 members are present'],
    [{ leader: true }, ['present'], true, 'ann leads group g'],
    [{ leader: true }, ['away', 'present'], false, 'ann (rank 0) is away'],
    [{ leader: true }, [], false, 'group g has no leader'],
    [{ rank: '1' }, ['present', 'present'], true, 'bob has rank 1'],
    [{ rank: '0' }, ['present'], true, 'ann leads group g'],
    [{ rank: '1' }, ['present'], false, 'group g has no member with rank 1'],
    [{ rank: '1' }, ['present', 'away'], false, 'bob (rank 1) is away'],
    [{ gone: 'bob' }, ['present'], true, 'group g has no member bob'],
    [{ gone: 'bob' }, ['present', 'present'], false, 'bob still has rank 1'],
    [{ gone: 'm1' }, ['present', 'away'], false, 'm1 is away, and still a member'],
  ])('%j in %j', (options, states, holds, words) => {
    expect(judged(options, ...states)).toEqual({ holds, words });
  });

  it.each<[WaitConditionOptions, string]>([
    [{}, 'give exactly one of --members, --leader, --rank and --gone'],
    [{ members: '1', leader: true }, 'give exactly one of'],
    [{ rank: '0', gone: 'ann' }, 'give exactly one of'],
    [{ members: 'few' }, '--members must be a whole number from 0'],
    [{ rank: '-1' }, '--rank must be a whole number from 0'],
    [{ gone: '' }, '--gone must be the id or the name of a member'],
  ])('rejects %j', (options, message) => {
    expect(() => parseWaitCondition(options)).toThrow(UsageError);
    expect(() => parseWaitCondition(options)).toThrow(message);
  });
});
