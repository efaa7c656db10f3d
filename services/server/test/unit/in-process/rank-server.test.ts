import { afterEach, expect, it } from '@jest/globals';
import type { FakePeer } from '../gateway/gateway-fixture.js';
import { InProcessServer } from './in-process-server.js';

/** A whole server in this process. Its time passes only when a test says so, so no test waits. */

const servers: InProcessServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

async function started(settings?: Readonly<Record<string, string>>): Promise<InProcessServer> {
  const server = await InProcessServer.start(settings);
  servers.push(server);
  return server;
}

function typesOf(peer: FakePeer): string[] {
  return peer.frames.map(({ type }) => type).filter(type => type !== 'ping');
}

it('R-JOIN-2 welcomes members that connect in memory, with the environment of the server', async () => {
  const server = await started();
  const [first, second] = [server.join({ name: 'ann' }), server.join({ name: 'bob' })];
  expect(first.frames.find(({ type }) => type === 'welcome')).toMatchObject({ rank: 0, server: 'in-process' });
  expect(second.last).toMatchObject({ type: 'welcome', rank: 1 });
  await server.logWritten();
  expect(server.log.filter(({ event }) => event === 'member.joined').map(({ name }) => name)).toEqual(['ann', 'bob']);
});

it('R-LEAD-2 drops a silent leader after RANKD_DEAD_MS of its clock, and promotes its deputy', async () => {
  const server = await started();
  const [leader, deputy] = [server.join({ views: true }), server.join({ views: true })];
  server.pass(590, deputy);
  expect(leader.last).not.toMatchObject({ type: 'bye' });
  server.pass(200, deputy);
  expect(leader.last).toMatchObject({ type: 'bye', code: 'HEARTBEAT_TIMEOUT' });
  expect(deputy.last).toMatchObject({ type: 'view', rank: 0, cause: { kind: 'left', reason: 'HEARTBEAT_TIMEOUT' } });
  await server.logWritten();
  expect(server.log.find(({ event }) => event === 'member.left')).toMatchObject({ reason: 'HEARTBEAT_TIMEOUT' });
  expect(server.log.find(({ event }) => event === 'member.promoted')).toMatchObject({ rank: 0, was: 1 });
});

it('keeps members that answer for minutes of its clock', async () => {
  const server = await started({ RANKD_HEARTBEAT_MS: '2000', RANKD_SUSPEND_MS: '6000', RANKD_DEAD_MS: '8000' });
  const member = server.join();
  for (let second = 0; second < 300; second += 1) {
    server.clock.pass(1000);
    member.pong();
  }
  expect(typesOf(member)).toEqual(['welcome']);
});

it('samples the activity of a group every 2 s of its clock, and shows one state at every path', async () => {
  const server = await started();
  const member = server.join({ group: 'jobs' });
  server.pass(2000, member);
  const events = new Promise<string>(resolve => void server.get('/api/groups/jobs/events?pulse').then(resolve));
  expect(JSON.parse(await server.get('/api/groups'))).toMatchObject({ groups: [{ group: 'jobs', size: 1, view: 1 }] });
  expect(await server.get('/metrics')).toContain('rankd_members{group="jobs"} 1');
  expect(await server.get('/ranks?group=jobs')).toContain('group jobs, 1 members, view 1');
  servers.splice(0);
  await server.stop();
  expect(await events).toContain('"commands":0,"refused":0,"size":1');
});

it('R-BYE-2 stops without time having passed if no command is open', async () => {
  const server = await started();
  const member = server.join();
  servers.splice(0);
  await server.stop();
  expect(member.last).toMatchObject({ type: 'bye', code: 'DRAINING' });
  await server.logWritten();
  expect(server.log.at(-1)).toMatchObject({ event: 'stopped', ms: 0 });
});
