import { afterEach, expect, it } from '@jest/globals';
import { byeOf, type Frame, type RawPeer, TIMINGS } from '@rankd/testkit';
import { InProcessServer } from '@rankd/testkit/in-process';

/** A whole server in this process. Its time passes only while a test waits, so no test waits for real time. */

const servers: InProcessServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.dispose();
});

async function started(settings?: Readonly<Record<string, string>>): Promise<InProcessServer> {
  const server = await InProcessServer.start({ ...TIMINGS.quick, ...settings });
  servers.push(server);
  return server;
}

function framesOf(peer: RawPeer): Frame[] {
  return peer.frames.filter(({ type }) => type !== 'ping');
}

it('R-JOIN-2 welcomes members that connect in memory, with the environment of the server', async () => {
  const server = await started();
  const [first, second] = [await server.join({ name: 'ann' }), await server.join({ name: 'bob' })];
  expect(first.welcome).toMatchObject({ rank: 0, server: 'in-process' });
  expect(second.welcome).toMatchObject({ rank: 1 });
  const joined = server.logLines.filter(({ event }) => event === 'member.joined');
  expect(joined.map(({ name }) => name)).toEqual(['ann', 'bob']);
});

it('R-LEAD-2 drops a silent leader after RANKD_DEAD_MS of its clock, and promotes the next member', async () => {
  const server = await started();
  const leader = await server.join({ views: true }, { answersPings: false });
  const deputy = await server.join({ views: true });
  const joinedMs = server.time.nowMs();
  const bye = await leader.peer.next('bye');
  expect(bye).toMatchObject({ code: 'HEARTBEAT_TIMEOUT' });
  expect(leader.peer.recordOf(bye).atMs - joinedMs).toBeGreaterThanOrEqual(600);
  expect(leader.peer.recordOf(bye).atMs - joinedMs).toBeLessThan(700);
  const view = await deputy.peer.next('view');
  expect(view).toMatchObject({ rank: 0, cause: { kind: 'left', reason: 'HEARTBEAT_TIMEOUT' } });
  expect(await server.event('member.left')).toMatchObject({ reason: 'HEARTBEAT_TIMEOUT' });
  expect(await server.event('member.promoted')).toMatchObject({ rank: 0, was: 1 });
});

it('keeps members that answer pings for minutes of its clock', async () => {
  const server = await started({ RANKD_HEARTBEAT_MS: '2000', RANKD_SUSPEND_MS: '6000', RANKD_DEAD_MS: '8000' });
  const { peer } = await server.join();
  await server.time.pass(300_000);
  expect(framesOf(peer).map(({ type }) => type)).toEqual(['welcome']);
  expect(peer.frames.length).toBeGreaterThan(100);
});

it('samples the activity of a group every 2 s of its clock, and shows one state at every path', async () => {
  const server = await started();
  await server.join({ group: 'jobs' });
  await server.time.pass(2000);
  const events = server.get('/api/groups/jobs/events?pulse');
  expect(JSON.parse(await server.get('/api/groups'))).toMatchObject({ groups: [{ group: 'jobs', size: 1, view: 1 }] });
  expect(await server.get('/metrics')).toContain('rankd_members{group="jobs"} 1');
  expect(await server.get('/ranks?group=jobs')).toContain('group jobs, 1 members, view 1');
  await server.stop();
  expect(await events).toContain('"commands":0,"refused":0,"size":1');
});

it('R-BYE-2 stops without time having passed if no command is open', async () => {
  const server = await started();
  const { peer } = await server.join();
  await server.stop();
  expect(await byeOf(peer)).toMatchObject({ code: 'DRAINING' });
  expect(server.logLines.at(-1)).toMatchObject({ event: 'stopped', ms: 0 });
});
