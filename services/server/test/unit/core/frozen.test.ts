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
  it('R-BYE-2 promotes no member: a departed member keeps its rank, and the view does not change', () => {
    const group = groupOf(['a', 'b', 'c']);
    group.freeze();
    const effects = group.apply(lost('a'));
    expect(effects).toMatchObject([{ kind: 'departed', member: { id: 'a' }, rank: 0 }]);
    expect([group.view, group.seq, group.roster.leader?.id]).toEqual([3, 3, 'a']);
    expect(group.roster.slice().map(({ presence }) => presence.kind)).toEqual(['gone', 'present', 'present']);
    expect(group.apply(lost('a'))).toEqual([]);
  });

  it('R-BYE-2 rejects newcomers and commands with DRAINING', () => {
    const group = groupOf(['a', 'b']);
    group.freeze();
    expect(group.apply(joined('c'))).toMatchObject([
      { kind: 'turned-away', session: 'session-of-c', code: 'DRAINING' },
    ]);
    expect(rejectionOf(group.apply(command('a', 1)))).toBe('DRAINING');
    expect([group.roster.size, group.seq]).toEqual([2, 2]);
  });

  it('R-BYE-2 ends open commands by result, by deadline, and with `left` when a recipient leaves', () => {
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

  it('R-BYE-2 R-CMD-8 sends nothing to a departed sender, and ignores its commands', () => {
    const group = groupOf(['a', 'b']);
    const seq = order(group, command('a', 1, { reply: 'each' }));
    group.freeze();
    group.apply(lost('a'));
    expect(group.apply(command('a', 2))).toEqual([]);
    const effects = group.apply(result('b', EPOCH, seq));
    expect([only(effects, 'recipient-ended').to, only(effects, 'outcome').to]).toEqual([undefined, undefined]);
  });

  it('R-BYE-2 R-VIEW-6 ignores a restored order', () => {
    const coordinator = new Coordinator(rulesOf());
    coordinator.apply(frozen());
    expect(coordinator.apply(restored([keptSeat('a', 0)]))).toEqual([]);
    expect(coordinator.groups.size).toBe(0);
  });
});
