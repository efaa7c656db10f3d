import { describe, expect, it } from '@jest/globals';
import type { RejectionCode, Target } from '../../../../src/core/index.js';
import {
  command,
  EPOCH,
  expired,
  groupOf,
  joined,
  kindsOf,
  lost,
  ofKind,
  only,
  order,
  rejectionOf,
  result,
  sessionNamed,
} from '../reference/entries.js';

type OwnCommand = Parameters<typeof command>[2];

describe('receipts', () => {
  it('R-CMD-3 precedes the delivery and the deadline, and lists accepted and refused targets', () => {
    const effects = groupOf(['a', 'b', 'c']).apply(command('b', 1, { target: { kind: 'all' }, payload: '{"x":1}' }));
    expect(kindsOf(effects)).toEqual(['receipt', 'deliver', 'deadline']);
    const verdict = { kind: 'accepted', seq: 4, view: 3, recipients: 1, deadlineMs: 5000 };
    const refused = [{ member: { id: 'a' }, rank: 0, code: 'OUTRANKED' }];
    const sender = { id: 'b', name: 'b', rank: 1 };
    const receipt = { to: sessionNamed('b'), sender, id: '1', name: 'print', refusedCount: 1 };
    expect(only(effects, 'receipt')).toMatchObject({ ...receipt, verdict, refused });
    const delivery = { seq: 4, view: 3, sender, by: sessionNamed('b'), payload: '{"x":1}', resultWanted: true };
    expect(only(effects, 'deliver')).toMatchObject({ ...delivery, ranges: [{ from: 2, to: 3 }] });
    expect(only(effects, 'deadline')).toMatchObject({ epoch: EPOCH, seq: 4, deadlineMs: 5000 });
  });

  it.each<[RejectionCode, string, Target]>([
    ['OUTRANKED', 'all, from the last rank', { kind: 'all' }],
    ['OUTRANKED', 'its own rank', { kind: 'ranks', ranks: [2] }],
    ['OUTRANKED', 'a superior and an unknown rank', { kind: 'ranks', ranks: [0, 9] }],
    ['OUTRANKED', 'superiors by name', { kind: 'names', names: ['a', 'zoe'] }],
    ['NO_SUCH_TARGET', 'an unknown rank', { kind: 'ranks', ranks: [3] }],
    ['NO_SUCH_TARGET', 'no rank', { kind: 'ranks', ranks: [] }],
    ['NO_SUCH_TARGET', 'an unknown member', { kind: 'members', members: ['zoe'] }],
    ['NO_SUCH_TARGET', 'an unknown name', { kind: 'names', names: ['zoe'] }],
    ['NO_RECIPIENTS', 'below, from the last rank', { kind: 'below' }],
    ['NO_RECIPIENTS', 'tags that no member has', { kind: 'tags', tags: { zone: 'east' } }],
  ])('R-CMD-3 is %s if no member may execute the command: %s', (code, _what, target) => {
    const group = groupOf(['a', 'b', 'c']);
    const effects = group.apply(command('c', 1, { target }));
    expect([kindsOf(effects), rejectionOf(effects), group.seq]).toEqual([['receipt'], code, 3]);
  });

  it('R-CMD-3 is NO_RECIPIENTS for `all` from the only member', () => {
    expect(rejectionOf(groupOf(['a']).apply(command('a', 1, { target: { kind: 'all' } })))).toBe('NO_RECIPIENTS');
  });

  it('R-CMD-3 is DUPLICATE_ID only while the same sender has an open command with that id', () => {
    const group = groupOf(['a', 'b', 'c']);
    const seq = order(group, command('a', 1, { id: 'x', target: { kind: 'ranks', ranks: [2] } }));
    expect(rejectionOf(group.apply(command('a', 2, { id: 'x' })))).toBe('DUPLICATE_ID');
    expect(rejectionOf(group.apply(command('a', 3, { id: 'x', reply: 'none' })))).toBe('DUPLICATE_ID');
    expect(rejectionOf(group.apply(command('b', 1, { id: 'x' })))).toBeUndefined();
    group.apply(result('c', EPOCH, seq));
    expect(rejectionOf(group.apply(command('a', 4, { id: 'x' })))).toBeUndefined();
  });

  it('R-CMD-6 frees the id at once for reply `none`, and expects no results', () => {
    const group = groupOf(['a', 'b']);
    const effects = group.apply(command('a', 1, { id: 'x', reply: 'none' }));
    expect(kindsOf(effects)).toEqual(['receipt', 'deliver']);
    expect(only(effects, 'deliver').resultWanted).toBe(false);
    expect(rejectionOf(group.apply(command('a', 2, { id: 'x', reply: 'none' })))).toBeUndefined();
    expect(group.commandsOpen).toBe(0);
    expect(kindsOf(group.apply(lost('b')))).toEqual(['departed', 'roster-changed']);
  });

  it('R-CMD-3 is TOO_MANY_OPEN past the limit for one member, except for reply `none`', () => {
    const group = groupOf(['a', 'b', 'c'], { commandsOpenMax: 2 });
    const [first] = [order(group, command('a', 1)), order(group, command('a', 2))];
    expect(rejectionOf(group.apply(command('a', 3)))).toBe('TOO_MANY_OPEN');
    expect(rejectionOf(group.apply(command('a', 4, { reply: 'none' })))).toBeUndefined();
    expect(rejectionOf(group.apply(command('b', 1)))).toBeUndefined();
    group.apply(expired(EPOCH, first));
    expect(rejectionOf(group.apply(command('a', 5)))).toBeUndefined();
  });

  it('R-CMD-3 is TOO_MANY_OPEN past the limit for the group, which counts commands of departed members', () => {
    const group = groupOf(['a', 'b', 'c'], { commandsOpenMax: 1, membersMax: 3 });
    const last: OwnCommand = { target: { kind: 'members', members: ['c'] } };
    order(group, command('a', 1, last));
    order(group, command('b', 1, last));
    for (const id of ['a', 'b']) group.apply(lost(id));
    for (const id of ['d', 'e']) group.apply(joined(id));
    order(group, command('c', 1));
    expect(rejectionOf(group.apply(command('d', 1)))).toBe('TOO_MANY_OPEN');
    group.apply(lost('c'));
    expect(rejectionOf(group.apply(command('d', 2)))).toBeUndefined();
  });

  it('R-CMD-3 is TOO_MANY_OPEN when a sender awaits as many results as are left for the others', () => {
    const group = groupOf(['a', 'b', 'c', 'd'], { awaitedMax: 9 });
    const first = order(group, command('a', 1));
    const second = order(group, command('a', 2));
    // Six of nine results are awaited, all of them for this sender.
    expect(rejectionOf(group.apply(command('a', 3)))).toBe('TOO_MANY_OPEN');
    expect(rejectionOf(group.apply(command('a', 4, { reply: 'none' })))).toBeUndefined();
    order(group, command('b', 1));
    expect(rejectionOf(group.apply(command('b', 2)))).toBe('TOO_MANY_OPEN');
    // A result, a departure and a deadline each end awaited results.
    group.apply(result('d', EPOCH, first));
    expect(rejectionOf(group.apply(command('b', 3)))).toBe('TOO_MANY_OPEN');
    group.apply(lost('d'));
    group.apply(expired(EPOCH, first));
    group.apply(expired(EPOCH, second));
    expect(rejectionOf(group.apply(command('a', 5)))).toBeUndefined();
  });

  it('R-CMD-3 is RATE_LIMITED past a burst of commandsPerSecond, until the allowance has one whole command again', () => {
    const group = groupOf(['a', 'b'], { commandsPerSecond: 10 });
    const codes = (count: number, at: number): unknown[] =>
      Array.from({ length: count }, () => {
        n += 1;
        return rejectionOf(group.apply(command('a', n, { at, reply: 'none' })));
      });
    let n = 0;
    expect(codes(11, 1000)).toEqual([...Array<undefined>(10), 'RATE_LIMITED']);
    // A tenth at a time: in binary fractions ten tenths do not add up to one.
    for (let at = 1010; at < 1100; at += 10) expect(codes(1, at)).toEqual(['RATE_LIMITED']);
    expect(codes(2, 1100)).toEqual([undefined, 'RATE_LIMITED']);
    expect(codes(11, 9000)).toEqual([...Array<undefined>(10), 'RATE_LIMITED']);
    expect(rejectionOf(group.apply(command('b', 1, { at: 9000 })))).toBe('NO_RECIPIENTS');
  });

  it('R-CMD-3 has one code, in this precedence: DRAINING, DUPLICATE_ID, TOO_MANY_OPEN, target errors', () => {
    const group = groupOf(['a', 'b', 'c'], { commandsOpenMax: 1 });
    order(group, command('b', 1, { id: 'x' }));
    const upwards: Target = { kind: 'ranks', ranks: [0] };
    expect(rejectionOf(group.apply(command('c', 1, { target: upwards })))).toBe('OUTRANKED');
    expect(rejectionOf(group.apply(command('b', 2, { id: 'y', target: upwards })))).toBe('TOO_MANY_OPEN');
    expect(rejectionOf(group.apply(command('b', 3, { id: 'x', target: upwards })))).toBe('DUPLICATE_ID');
    group.freeze();
    expect(rejectionOf(group.apply(command('b', 4, { id: 'x', target: upwards })))).toBe('DRAINING');
  });

  it('R-CMD-3 is not sent to an unknown member, nor for a command number that was already used', () => {
    const group = groupOf(['a', 'b']);
    expect(group.apply(command('zoe', 1))).toEqual([]);
    order(group, command('a', 5));
    expect(group.apply(command('a', 5))).toEqual([]);
    expect(group.apply(command('a', 4, { id: 'older' }))).toEqual([]);
    expect(group.seq).toBe(3);
  });

  it('R-CMD-1 shows the deadline, reduced to the limit', () => {
    const group = groupOf(['a', 'b'], { deadlineMsMax: 800 });
    const effects = group.apply(command('a', 1, { deadlineMs: 801 }));
    expect(only(effects, 'receipt').verdict).toMatchObject({ deadlineMs: 800 });
    expect([only(effects, 'deliver').deadlineMs, only(effects, 'deadline').deadlineMs]).toEqual([800, 800]);
    expect(only(group.apply(command('a', 2, { deadlineMs: 799 })), 'deadline').deadlineMs).toBe(799);
  });
});

describe('results and outcomes', () => {
  it('R-CMD-7 sends the outcome when the last recipient ends, with counts and the list of missing members', () => {
    const group = groupOf(['a', 'b', 'c', 'd', 'e', 'f']);
    const seq = order(group, command('a', 1, { id: 'x', at: 1000 }));
    group.apply(result('e', EPOCH, seq, { status: 'failed', error: { code: 'NO_PAPER' } }));
    group.apply(result('b', EPOCH, seq, { status: 'done' }));
    group.apply(result('d', EPOCH, seq, { status: 'refused' }));
    expect(ofKind(group.apply(lost('c')), 'outcome')).toEqual([]);
    const outcome = only(group.apply(expired(EPOCH, seq, { at: 1300 })), 'outcome');
    expect(outcome).toMatchObject({ sender: { id: 'a' }, to: sessionNamed('a'), id: 'x', seq, recipients: 5 });
    expect(outcome.counts).toEqual({ done: 1, failed: 1, refused: 1, expired: 1, left: 1 });
    expect(outcome.missing.map(({ member, rank, status, code }) => [member.id, rank, status, code])).toEqual([
      ['c', 2, 'left', undefined],
      ['d', 3, 'refused', undefined],
      ['e', 4, 'failed', 'NO_PAPER'],
      ['f', 5, 'expired', undefined],
    ]);
  });

  it('R-CMD-7 lists missing members by rank up to the limit, and counts all of them', () => {
    const group = groupOf(['a', 'b', 'c', 'd'], { missingMax: 2 });
    const seq = order(group, command('a', 1));
    group.apply(result('d', EPOCH, seq, { status: 'failed' }));
    const outcome = only(group.apply(expired(EPOCH, seq)), 'outcome');
    expect(outcome.missing.map(({ member }) => member.id)).toEqual(['b', 'c']);
    expect(outcome.counts).toMatchObject({ failed: 1, expired: 2 });
  });

  it('R-CMD-6 reports each recipient as it ends, and sends it to the sender for reply `each`', () => {
    const group = groupOf(['a', 'b', 'c']);
    const seq = order(group, command('a', 1, { reply: 'each' }));
    const error = { code: 'NO_PAPER', message: 'none left' };
    const ended = group.apply(result('c', EPOCH, seq, { at: 1010, status: 'failed', error, payload: '7' }));
    expect(kindsOf(ended)).toEqual(['recipient-ended']);
    const expectation = {
      to: sessionNamed('a'),
      rank: 2,
      recipient: { id: 'c' },
      status: 'failed',
      error,
      payload: '7',
    };
    expect(only(ended, 'recipient-ended')).toMatchObject(expectation);
    expect(kindsOf(group.apply(result('b', EPOCH, seq)))).toEqual(['recipient-ended', 'outcome']);
    const silent = order(group, command('a', 2, { reply: 'outcome' }));
    expect(only(group.apply(result('c', EPOCH, silent)), 'recipient-ended').to).toBeUndefined();
  });

  it.each(['left', 'expired', 'result'] as const)('R-CMD-6 keeps the first ending if %s comes later', kind => {
    const group = groupOf(['a', 'b', 'c']);
    const seq = order(group, command('a', 1));
    group.apply(result('b', EPOCH, seq));
    const later = {
      left: lost('b'),
      expired: expired(EPOCH, seq),
      result: result('b', EPOCH, seq, { status: 'failed' }),
    };
    const again = ofKind(group.apply(later[kind]), 'recipient-ended');
    expect(again.filter(({ recipient }) => recipient.id === 'b')).toEqual([]);
  });

  it('R-CMD-5 rejects a result from a member that is not a recipient, or for an unknown seq, with UNEXPECTED_RESULT', () => {
    const group = groupOf(['a', 'b', 'c']);
    const seq = order(group, command('a', 1, { target: { kind: 'members', members: ['b'] } }));
    for (const entry of [result('c', EPOCH, seq), result('a', EPOCH, seq), result('b', EPOCH, seq + 1)]) {
      const effects = group.apply(entry);
      expect(effects).toMatchObject([{ kind: 'result-refused', to: entry.session, code: 'UNEXPECTED_RESULT' }]);
    }
    expect(group.commandsOpen).toBe(1);
  });

  it('R-CMD-5 rejects a result for a closed command with LATE_RESULT', () => {
    const group = groupOf(['a', 'b']);
    const seq = order(group, command('a', 1));
    group.apply(expired(EPOCH, seq));
    expect(group.apply(result('b', EPOCH, seq))).toMatchObject([{ kind: 'result-refused', seq, code: 'LATE_RESULT' }]);
  });

  it('R-CMD-5 ignores results and expiries of another epoch', () => {
    const group = groupOf(['a', 'b']);
    const seq = order(group, command('a', 1));
    for (const epoch of [EPOCH - 1, EPOCH + 1]) {
      expect(group.apply(result('b', epoch, seq))).toEqual([]);
      expect(group.apply(expired(epoch, seq))).toEqual([]);
    }
    expect(group.commandsOpen).toBe(1);
  });

  it('R-CMD-8 ends the recipients of a departed sender as usual, and sends it nothing', () => {
    const group = groupOf(['a', 'b', 'c']);
    const seq = order(group, command('a', 1, { reply: 'each' }));
    expect(kindsOf(group.apply(lost('a')))).toEqual(['departed', 'roster-changed']);
    expect(only(group.apply(result('b', EPOCH, seq)), 'recipient-ended').to).toBeUndefined();
    expect(only(group.apply(result('c', EPOCH, seq)), 'outcome')).toMatchObject({
      to: undefined,
      counts: { done: 2 },
    });
  });

  it('R-CMD-2 accepts a result from a recipient promoted past its sender, and keeps its original rank', () => {
    const group = groupOf(['a', 'b', 'c']);
    const seq = order(group, command('b', 1));
    group.apply(lost('a'));
    group.apply(lost('b'));
    expect(only(group.apply(result('c', EPOCH, seq)), 'recipient-ended')).toMatchObject({ rank: 2, status: 'done' });
  });

  it('R-CMD-6 ends every open command of a departed recipient with `left`, in the order of the commands', () => {
    const group = groupOf(['a', 'b', 'c']);
    const seqs = [order(group, command('a', 1)), order(group, command('b', 1))];
    const effects = group.apply(lost('c', { at: 1500 }));
    const endings = ofKind(effects, 'recipient-ended').map(({ seq, status }) => ({ seq, status }));
    expect(endings).toEqual(seqs.map(seq => ({ seq, status: 'left' })));
    expect(ofKind(effects, 'outcome').map(({ seq }) => seq)).toEqual([seqs[1]]);
  });
});
