import { EventEmitter } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import type { Membership } from '@rankd/client';
import { startDelayMs } from '../../../src/programs/session/leadership-program.js';
import { Predecessor } from '../../../src/programs/session/predecessor.js';

/** A membership whose leader was `m1` when it joined. */
function join() {
  const me = Object.assign(new EventEmitter(), { leader: { member: 'm1', name: 'ann' } });
  const predecessor = new Predecessor(me as unknown as Membership);
  me.emit('joined', {});
  const become = (member: string, cause: { kind: string; member: string; reason?: string }): number => {
    me.leader = { member, name: member };
    me.emit('rank', { cause });
    return startDelayMs(predecessor);
  };
  return { predecessor, become };
}

describe('the start of a new leader (R-PROG-5)', () => {
  it('waits 150 ms when it joins as the leader: an earlier leader may have been killed', () => {
    expect(startDelayMs(join().predecessor)).toBe(150);
  });

  it('does not wait if the leader before it has said goodbye', () => {
    expect(join().become('me', { kind: 'left', member: 'm1', reason: 'LEFT' })).toBe(0);
  });

  it.each([
    ['closed its connection', { kind: 'left', member: 'm1', reason: 'CLOSED' }],
    ['was moved', { kind: 'moved', member: 'm1' }],
    ['left after another one, which is not known to have stopped', { kind: 'left', member: 'm2', reason: 'LEFT' }],
  ])('waits if the leader before it %s', (_what, cause) => {
    expect(join().become('me', cause)).toBe(150);
  });

  it('judges each change of the leader, and no other change', () => {
    const { become } = join();
    become('m2', { kind: 'left', member: 'm1', reason: 'CLOSED' });
    expect(become('m2', { kind: 'left', member: 'm7', reason: 'LEFT' })).toBe(150);
    expect(become('me', { kind: 'left', member: 'm2', reason: 'LEFT' })).toBe(0);
  });
});
