import { afterAll, describe, expect, it } from '@jest/globals';
import type { Membership } from '@rankd/client';
import { within } from '@rankd/testkit';
import { allSeated, codeOf, DEADLINE_MS, Fleet, next } from '../fleet.js';

const fleet = new Fleet();
afterAll(() => fleet.dispose());

const QUICK = { RANKD_HEARTBEAT_MS: '200', RANKD_SUSPEND_MS: '1000', RANKD_DEAD_MS: '2000' };

describe('a server that says nothing', () => {
  it('R-LEAD-3 is no longer trusted after suspendMs: no rank, no fence, one event; heard again, the member acts again', async () => {
    const { port, childProcess: program } = await fleet.server({ ...QUICK, RANKD_DEAD_MS: '20000' });
    const [ann, bob] = await fleet.joinAll(port, ['ann', 'bob']);
    const { fence, member } = ann;
    const suspensions: number[] = [];
    ann.on('suspended', ({ rank }) => suspensions.push(rank));
    const suspended = Promise.all([next(ann, 'suspended'), next(bob, 'suspended')]);
    program.kill('SIGSTOP');
    const stoppedMs = performance.now();
    const lastActing = await lastActingMs(ann);
    expect(lastActing - stoppedMs).toBeLessThanOrEqual(1000);
    await expect(suspended).resolves.toEqual([
      { rank: 0, because: 'silence' },
      { rank: 1, because: 'silence' },
    ]);
    expect([ann.rank, ann.fence, bob.rank, ann.size, ann.slot]).toEqual([undefined, undefined, undefined, 1, 0]);
    program.kill('SIGCONT');
    await allSeated([ann, bob]);
    expect([ann.rank, ann.fence, ann.member, bob.rank]).toEqual([0, fence, member, 1]);
    expect(suspensions).toEqual([0]);
    await Promise.all([ann.leave(), bob.leave()]);
  });

  it('R-LEAD-3 is given up after deadMs, and joined again once it is back', async () => {
    const { port, childProcess: program } = await fleet.server(QUICK);
    const ann = await fleet.join(port);
    const firstId = ann.member;
    const events: string[] = [];
    for (const event of ['suspended', 'disconnected', 'joined'] as const) ann.on(event, () => events.push(event));
    const disconnected = next(ann, 'disconnected');
    program.kill('SIGSTOP');
    await expect(disconnected).resolves.toMatchObject({ error: codeOf('HEARTBEAT_TIMEOUT') });
    const joined = next(ann, 'joined');
    program.kill('SIGCONT');
    await joined;
    expect(events).toEqual(['suspended', 'disconnected', 'joined']);
    expect(ann.rank).toBeDefined();
    expect(ann.member).not.toBe(firstId);
    await ann.leave();
  });
});

/** When this member last said that it has a rank, asked in a tight loop. */
async function lastActingMs(member: Membership): Promise<number> {
  let lastMs = performance.now();
  await within(
    DEADLINE_MS,
    'suspension',
    new Promise<void>(resolve => {
      const ask = (): void => {
        const nowMs = performance.now();
        if (member.rank === undefined) {
          resolve();
          return;
        }
        lastMs = nowMs;
        setImmediate(ask);
      };
      ask();
    }),
  );
  return lastMs;
}

describe('a process that is stopped and continued', () => {
  it('R-LEAD-3 has no rank at the very first reading, while its deputy leads already', async () => {
    const { port } = await fleet.server(QUICK);
    const source = `
      import { join } from '@rankd/client';
      const me = await join('rankd://127.0.0.1:' + process.argv[1], { name: 'ann' });
      let endedMs = performance.now();
      let stoppedWithin = false;
      const read = () => {
        const begunMs = performance.now();
        const { rank, fence } = me;
        // The first reading that began after the stop: one that the stop fell into may have had its answer before.
        if (stoppedWithin || begunMs - endedMs > 1500) {
          console.log(JSON.stringify({ rank: rank ?? null, fence: fence ?? null }));
        }
        endedMs = performance.now();
        stoppedWithin = endedMs - begunMs > 1500;
        setImmediate(read);
      };
      console.log('leading', me.rank);
      read();`;
    const ann = fleet.script('module', source, port);
    await ann.line(line => line === 'leading 0');
    const bob = await fleet.join(port, { name: 'bob' });
    const promoted = next(bob, 'rank', ({ rank }) => rank === 0);
    ann.kill('SIGSTOP');
    const { cause } = await promoted;
    expect(cause).toMatchObject({ kind: 'left', name: 'ann', reason: 'HEARTBEAT_TIMEOUT' });
    ann.kill('SIGCONT');
    const reading = JSON.parse(await ann.line(line => line.startsWith('{'))) as Record<string, unknown>;
    expect(reading).toMatchObject({ rank: null, fence: null });
    expect(bob.rank).toBe(0);
    await bob.leave();
  });
});
