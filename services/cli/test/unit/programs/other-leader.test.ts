import { EventEmitter, once } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import type { Membership } from '@rankd/client';
import { reportOtherLeaders } from '../../../src/programs/session/other-leader.js';

interface Member {
  readonly member: string;
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
}

const self: Member = { member: 'me', name: 'me', tags: { rankctl: 'lead' } };
const plain: Member = { member: 'm1', name: 'plain', tags: {} };
const other: Member = { member: 'm2', name: 'other', tags: { rankctl: 'run' } };
const standby: Member = { member: 'm3', name: 'standby', tags: { rankctl: 'lead' } };

/** A membership, and the names of the leaders that were reported. */
function watch() {
  const answers = new EventEmitter();
  const me = Object.assign(new EventEmitter(), {
    member: self.member,
    leader: undefined as Member | undefined,
    /** Answered by `answer`. */
    roster: async () => {
      const asked = once(answers, 'answer');
      answers.emit('asked');
      const [members] = (await asked) as [readonly Member[]];
      return { members };
    },
  });
  const reported: unknown[] = [];
  reportOtherLeaders({
    me: me as unknown as Membership,
    group: 'beat',
    log: { error: (_event, _sentence, fields) => reported.push(fields?.['name']) },
    ending: new AbortController().signal,
  });
  /** The leader of the group changes. Resolves when the member has asked for the roster. */
  const lead = async (leader: Member, event: 'joined' | 'rank' = 'rank'): Promise<void> => {
    const asked = leader === self ? Promise.resolve([]) : once(answers, 'asked');
    me.leader = leader;
    me.emit(event, { size: 2 });
    await asked;
  };
  /** The roster that was asked for arrives. */
  const answer = async (first: Member): Promise<void> => {
    answers.emit('answer', [first, self]);
    await new Promise(resolve => setImmediate(resolve));
  };
  const fail = async (): Promise<void> => {
    answers.emit('error', new Error('the session has ended'));
    await new Promise(resolve => setImmediate(resolve));
  };
  return { me, reported, lead, answer, fail };
}

describe('a leader that was not started by rankctl lead (R-PROG-4)', () => {
  it('is reported when the member joins, and when it becomes the leader later', async () => {
    const { reported, lead, answer } = watch();
    await lead(plain, 'joined');
    await answer(plain);
    await lead(standby);
    await answer(standby);
    await lead(other);
    await answer(other);
    expect(reported).toEqual(['plain', 'other']);
  });

  it('is reported once, and again after another leader', async () => {
    const { me, reported, lead, answer } = watch();
    await lead(plain, 'joined');
    await answer(plain);
    me.emit('rank', { size: 3 });
    me.emit('joined', { size: 3 });
    await lead(self);
    await lead(plain);
    await answer(plain);
    expect(reported).toEqual(['plain', 'plain']);
  });

  it('is not reported if another member has become the leader since', async () => {
    const { reported, lead, answer } = watch();
    await lead(plain, 'joined');
    const asked = lead(standby);
    await answer(plain);
    await asked;
    await answer(standby);
    expect(reported).toEqual([]);
  });

  it('is checked again in the next session if the query failed', async () => {
    const { reported, lead, answer, fail } = watch();
    await lead(plain, 'joined');
    await fail();
    await lead(plain, 'joined');
    await answer(plain);
    expect(reported).toEqual(['plain']);
  });
});
