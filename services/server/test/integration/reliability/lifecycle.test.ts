import { afterEach, describe, expect, it } from '@jest/globals';
import { at, MACHINE_MS, numberIn, ProcessServer, resumeOf, within } from '@rankd/testkit';

const launched: ProcessServer[] = [];

afterEach(async () => {
  await Promise.all(launched.splice(0).map(server => server.dispose()));
});

/** A server with an extra line of code in its process, which SIGUSR2 runs. */
async function launchWith(source: string, env: Readonly<Record<string, string>> = {}): Promise<ProcessServer> {
  const module = `process.on('SIGUSR2', () => { ${source} });`;
  const preloaded = `--import=data:text/javascript,${encodeURIComponent(module)}`;
  const server = await ProcessServer.launch({ ...env, NODE_OPTIONS: preloaded });
  launched.push(server);
  return server;
}

describe('S5 An unexpected exception', () => {
  it('S5 ends the server at once with an exit code that is not 0, and every session ends', async () => {
    const server = await launchWith("setImmediate(() => { throw new Error('planted'); })");
    const members = await server.joinMany(3, 'default');
    server.childProcess.kill('SIGUSR2');
    expect((await server.exited(5000)).code).toBeGreaterThan(0);
    expect(server.childProcess.output).toContain('planted');
    for (const { peer } of members) await within(5000, 'the end of its connection', peer.closed);
  });
});

describe.each([
  ['forward', 86_400_000],
  ['back', -86_400_000],
])('S7 A wall clock that is set %s by a day', (_direction, byMs) => {
  const jump = `const now = Date.now; Date.now = () => now() + ${byMs};`;
  const GRACE_MS = 600;

  it('S7 changes no deadline, no grace period and no heartbeat, and no member counts as silent', async () => {
    const pulse = { RANKD_HEARTBEAT_MS: '100', RANKD_SUSPEND_MS: '1000', RANKD_DEAD_MS: '1500' };
    const server = await launchWith(jump, { ...pulse, RANKD_GRACE_MS: String(GRACE_MS) });
    const members = await server.joinMany(4, 'default');
    const [leader, lost, back, last] = [at(members, 0), at(members, 1), at(members, 2), at(members, 3)];
    leader.peer.send({ type: 'command', id: '1', name: 'go', to: { members: [last.id] }, deadlineMs: 500 });
    const sentAtMs = performance.now();
    await last.peer.next('command');
    lost.peer.reset();
    back.peer.reset();
    const lostAtMs = performance.now();
    server.childProcess.kill('SIGUSR2');
    const resumed = await server.join({ resume: resumeOf(back) });
    expect(resumed.welcome).toMatchObject({ resumed: true, member: back.id, rank: 2 });
    expect(await leader.peer.next('outcome')).toMatchObject({ expired: 1 });
    const outcomeMs = performance.now() - sentAtMs;
    expect(outcomeMs).toBeGreaterThanOrEqual(500);
    expect(outcomeMs).toBeLessThan(500 + MACHINE_MS);
    // The grace period of the away member is unchanged.
    expect(await last.peer.next('view')).toMatchObject({ rank: 2, was: 3, cause: { member: lost.id } });
    const graceMs = performance.now() - lostAtMs;
    expect(graceMs).toBeGreaterThanOrEqual(GRACE_MS - 50);
    expect(graceMs).toBeLessThan(GRACE_MS + MACHINE_MS);
    const pinged = await leader.peer.until(({ type, n }) => type === 'ping' && Number(n) * 100 > 3000, 10_000);
    expect(numberIn(pinged, 'seen')).toBeGreaterThan(numberIn(pinged, 'n') - 5);
    for (const { peer } of [leader, last])
      expect((await peer.awaitUntakenFrames()).filter(({ type }) => type === 'bye')).toEqual([]);
  }, 20_000);
});
