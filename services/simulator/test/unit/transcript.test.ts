import { describe, expect, it } from '@jest/globals';
import type { ServerMessage } from '@rankd/protocol';
import type { ReferenceRoster } from '../../src/checks/reference-roster.js';
import { Transcript } from '../../src/checks/transcript.js';

/** The members in each view: `a` leaves in view 3, and `d` joins in view 4. */
const views: Readonly<Record<number, readonly string[]>> = {
  2: ['a', 'b', 'c'],
  3: ['b', 'c'],
  4: ['b', 'c', 'd'],
};
const roster = { membersAt: (_: number, view: number) => views[view] } as unknown as ReferenceRoster;

const EPOCH = 7;
const message = (fields: object): ServerMessage => fields as ServerMessage;
const welcome = (member: string, rank: number): ServerMessage =>
  message({ type: 'welcome', epoch: EPOCH, view: 2, seq: 2, member, rank, size: 3, leader: { member: 'a' } });
const view = (number: number, seq: number, rank: number, was: number): ServerMessage => {
  const [leader = '', ...others] = views[number] ?? [];
  const size = others.length + 1;
  return message({
    type: 'view',
    epoch: EPOCH,
    view: number,
    seq,
    rank,
    was,
    size,
    changes: 1,
    leader: { member: leader },
  });
};
const command = (number: number, seq: number): ServerMessage =>
  message({ type: 'command', view: number, seq, from: { member: 'admin', rank: -1, name: 'root' } });
const receipt = (number: number, seq: number): ServerMessage =>
  message({ type: 'receipt', id: '1', accepted: true, view: number, seq });
const yields = message({ type: 'yield' });

function check(updates: 'rank' | 'size', ...messages: readonly ServerMessage[]): string {
  const transcript = new Transcript(roster, updates);
  transcript.recordCommand('1', 'none');
  try {
    for (const each of messages) transcript.checkMessage(each);
    return 'none';
  } catch (error) {
    return (error as Error).message;
  }
}

describe('R-VIEW-3 a member that was asked to yield', () => {
  it('must receive its rank in a view before a command of that view', () => {
    expect(check('rank', welcome('c', 2), yields, command(3, 4))).toContain('had received 2');
    expect(check('rank', welcome('c', 2), yields, view(3, 3, 1, 2), command(3, 4))).toBe('none');
  });

  it('must receive the size of a view before a command or a receipt of that view', () => {
    expect(check('size', welcome('c', 2), yields, view(3, 3, 1, 2), command(4, 5))).toContain('after the size 2');
    expect(check('size', welcome('c', 2), yields, view(3, 3, 1, 2), receipt(4, 5))).toContain('after the size 2');
    expect(check('size', welcome('c', 2), yields, view(3, 3, 1, 2), view(4, 4, 1, 1), receipt(4, 5))).toBe('none');
  });
});
