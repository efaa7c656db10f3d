import { EventEmitter } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import type { Membership } from '@rankd/client';
import { ManualTime } from '@rankd/testkit';
import { Ending } from '../../../src/programs/session/ending.js';
import { waitForMembers } from '../../../src/programs/session/members-present.js';

type State = 'present' | 'away';

/** A member that waits for others. `lines` are the log lines with their times. */
class Waiting extends EventEmitter {
  readonly time = new ManualTime();
  readonly lines: string[] = [];
  readonly ending = new Ending();
  states: State[] = ['present'];
  size: number | undefined = 1;
  /** How often the server was asked. */
  queries = 0;
  roster = async (): Promise<object> => {
    this.queries += 1;
    return Promise.resolve({ members: this.states.map(state => ({ state })) });
  };

  async wait(members: number, membersTimeoutMs?: number): Promise<void> {
    const info = (event: string, sentence: string): void =>
      void this.lines.push(`${this.time.nowMs()} ${event}: ${sentence}`);
    const log = { info, error: info, memberLogger: {} as never };
    const me = this as unknown as Membership;
    const done = waitForMembers({ me, log, ending: this.ending }, { members, membersTimeoutMs }, this.time);
    await this.time.elapse(done);
  }

  /** Changes the group at this time. */
  at(atMs: number, ...states: State[]): void {
    this.time.after(atMs, () => {
      this.states = states;
      this.size = states.length;
      this.emit('size');
    });
  }
}

describe('a program that waits for --members (R-PROG-2)', () => {
  it('logs how many are present: at the start, after a change, and every 5 s', async () => {
    const waiting = new Waiting();
    waiting.at(12_000, 'present', 'present');
    waiting.at(14_000, 'present', 'present', 'present');
    await waiting.wait(3);
    expect(waiting.lines).toEqual([
      '0 members-missing: waiting for 3 members, 1 is here',
      '5000 members-missing: waiting for 3 members, 1 is here',
      '10000 members-missing: waiting for 3 members, 1 is here',
      '12000 members-missing: waiting for 3 members, 2 are here',
    ]);
    expect(waiting.time.nowMs()).toBe(14_000);
  });

  it('logs one line a second at most, asks as seldom, and continues at once when all are present', async () => {
    const waiting = new Waiting();
    const group = (count: number): State[] => Array.from({ length: count }, () => 'present');
    for (let count = 2; count <= 25; count += 1) waiting.at(100 * count, ...group(count));
    await waiting.wait(25);
    expect(waiting.time.nowMs()).toBe(2500);
    expect(waiting.lines.map(line => line.replace(/ .*, /, ': '))).toEqual([
      '0: 1 is here',
      '1000: 10 are here',
      '2000: 20 are here',
    ]);
    expect(waiting.queries).toBe(4);
  });

  it('does not count members that are away', async () => {
    const waiting = new Waiting();
    waiting.at(0, 'present', 'away');
    // The return of a member does not change the size.
    waiting.time.after(6200, () => (waiting.states = ['present', 'present']));
    await waiting.wait(2);
    expect(waiting.lines.map(line => line.replace(/ .*, /, ': '))).toEqual(['0: 1 is here', '5000: 1 is here']);
    expect(waiting.time.nowMs()).toBe(6500);
  });

  it('does not log while the server does not answer, and ends with 75 after the timeout', async () => {
    const waiting = new Waiting();
    waiting.roster = async () => new Promise(() => undefined);
    await expect(waiting.wait(2, 3000)).rejects.toMatchObject({ code: 75 });
    expect(waiting.time.nowMs()).toBe(3000);
    expect(waiting.lines).toEqual([]);
  });

  it('ends without an error when rankctl ends, also during a query', async () => {
    const waiting = new Waiting();
    waiting.roster = async () => new Promise(() => undefined);
    waiting.time.after(700, () => waiting.ending.beginWith(1));
    await waiting.wait(2, 3000);
    expect(waiting.time.nowMs()).toBe(700);
  });

  it('logs nothing and asks nothing for --members 1', async () => {
    const waiting = new Waiting();
    await waiting.wait(1);
    expect([waiting.lines, waiting.queries]).toEqual([[], 0]);
  });
});
