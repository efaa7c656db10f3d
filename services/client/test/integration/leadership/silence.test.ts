import { afterAll, describe, expect, it } from '@jest/globals';
import { Fleet, next } from '../fleet.js';

const fleet = new Fleet();
afterAll(() => fleet.dispose());

const QUICK = { RANKD_HEARTBEAT_MS: '200', RANKD_SUSPEND_MS: '1000', RANKD_DEAD_MS: '2000' };

describe('a process that is stopped and continued', () => {
  it('R-LEAD-3 has no rank at the first read, when the next member leads already', async () => {
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
