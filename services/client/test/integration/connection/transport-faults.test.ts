import { afterAll, describe, expect, it } from '@jest/globals';
import { DEADLINE_MS, Fleet, next } from '../fleet.js';

const SUSPEND_MS = 900;
const PULSE = { RANKD_HEARTBEAT_MS: '150', RANKD_SUSPEND_MS: String(SUSPEND_MS), RANKD_DEAD_MS: '1500' };

const fleet = new Fleet();
afterAll(() => fleet.dispose());

/** A process with the library that reports what it executes. */
const EXECUTOR = `
  import { join } from '@rankd/client';
  await join('rankd://127.0.0.1:' + process.argv[1], {
    name: 'stopped',
    prepare: me => {
      me.on('joined', ({ rank }) => console.log('joined', rank));
      me.handle('go', args => console.log('executed', args));
    },
  });`;

describe('a process that is stopped and continued', () => {
  it('T5 for longer than deadMs executes none of the commands that it received at its earlier rank', async () => {
    const { port } = await fleet.server(PULSE);
    const above = await fleet.join(port);
    const stopped = fleet.script('module', EXECUTOR, port);
    await stopped.line(line => line === 'joined 1');
    const below = await fleet.join(port);
    const promoted = next(below, 'rank', ({ rank }) => rank === 1);
    await stopped.stop();
    const stoppedMs = performance.now();
    const sheets = Array.from({ length: 20 }, (_, id) =>
      above.command('go', id, { to: { ranks: [1] }, deadlineMs: 60_000 }),
    );
    await expect(promoted).resolves.toMatchObject({ cause: { name: 'stopped', reason: 'HEARTBEAT_TIMEOUT' } });
    expect(performance.now() - stoppedMs).toBeGreaterThanOrEqual(SUSPEND_MS);
    for (const sheet of await Promise.all(sheets)) expect(sheet).toMatchObject({ recipients: 1, left: 1 });
    stopped.kill('SIGCONT');
    await stopped.line(line => line === 'joined 2');
    // Commands arrive in order, so the member would have executed the earlier ones before this one.
    await above.command('go', 'afterwards', { to: { ranks: [2] }, deadlineMs: DEADLINE_MS });
    await stopped.line(line => line === 'executed afterwards');
    expect(stopped.lines).toEqual(['joined 1', 'joined 2', 'executed afterwards']);
  });
});
