import { describe, expect, it } from '@jest/globals';
import { Coordinator } from '../../../src/core/index.js';
import {
  command,
  EPOCH,
  expired,
  frozen,
  groupOf,
  joined,
  keptSeat,
  lost,
  only,
  order,
  rejectionOf,
  restored,
  result,
  rulesOf,
  sessionNamed,
} from './reference/entries.js';

describe('a frozen order', () => {
  it('R-BYE-2 promotes nobody: who goes keeps its place, and the view stands still', () => {
    const group = groupOf(['a', 'b', 'c']);
    group.freeze();
    const effects = group.apply(lost('a'));
    expect(effects).toMatchObject([{ kind: 'departed', member: { id: 'a' }, rank: 0 }]);
    expect([group.view, group.seq, group.roster.leader?.id]).toEqual([3, 3, 'a']);
    expect(group.roster.slice().map(({ presence }) => presence.kind)).toEqual(['gone', 'present', 'present']);
    expect(group.apply(lost('a'))).toEqual([]);
  });

  it('R-BYE-2 refuses newcomers and commands with DRAINING', () => {
    const group = groupOf(['a', 'b']);
    group.freeze();
    expect(group.apply(joined('c'))).toMatchObject([
      { kind: 'turned-away', session: 'session-of-c', code: 'DRAINING' },
    ]);
    expect(rejectionOf(group.apply(command('a', 1)))).toBe('DRAINING');
    expect([group.roster.size, group.seq]).toEqual([2, 2]);
  });

  it('R-BYE-2 lets open commands end: by result, by deadline, and as left where the recipient goes', () => {
    const group = groupOf(['a', 'b', 'c', 'd']);
    const seq = order(group, command('a', 1, { reply: 'each' }));
    group.freeze();
    expect(only(group.apply(result('b', EPOCH, seq)), 'recipient-ended')).toMatchObject({
      status: 'done',
      to: sessionNamed('a'),
    });
    expect(only(group.apply(lost('c')), 'recipient-ended')).toMatchObject({
      status: 'left',
      to: sessionNamed('a'),
      rank: 2,
    });
    expect(group.apply(result('c', EPOCH, seq))).toEqual([]);
    const counts = { done: 1, failed: 0, refused: 0, expired: 1, left: 1 };
    expect(only(group.apply(expired(EPOCH, seq)), 'outcome')).toMatchObject({ to: sessionNamed('a'), counts });
  });

  it('R-BYE-2 R-CMD-8 tells a sender nothing more once it went, and takes no command from it', () => {
    const group = groupOf(['a', 'b']);
    const seq = order(group, command('a', 1, { reply: 'each' }));
    group.freeze();
    group.apply(lost('a'));
    expect(group.apply(command('a', 2))).toEqual([]);
    const effects = group.apply(result('b', EPOCH, seq));
    expect([only(effects, 'recipient-ended').to, only(effects, 'outcome').to]).toEqual([undefined, undefined]);
  });

  it('R-BYE-2 R-VIEW-6 takes no order of before a restart any more', () => {
    const coordinator = new Coordinator(rulesOf());
    coordinator.apply(frozen());
    expect(coordinator.apply(restored([keptSeat('a', 0)]))).toEqual([]);
    expect(coordinator.groups.size).toBe(0);
  });
});
