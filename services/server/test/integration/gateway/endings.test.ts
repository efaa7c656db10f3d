import { readFile } from 'node:fs/promises';
import { afterAll, describe, expect, it } from '@jest/globals';
import {
  at,
  byeOf,
  type Frame,
  type Joined,
  MACHINE_MS,
  numberIn,
  ProcessServer,
  type RawPeer,
  TIMINGS,
  within,
} from '@rankd/testkit';

/** R-BYE-2: half of the default of RANKD_REFORM_MS. */
const RETRY_AFTER_MS_MAX = 2500;
/** The results of these rounds are 24 MB, and the kernel takes less than half of that. */
const FLOOD_ROUNDS = 100;

const launched: ProcessServer[] = [];

async function launch(env: Readonly<Record<string, string>> = {}): Promise<ProcessServer> {
  const server = await ProcessServer.launch({ ...TIMINGS.patient, ...env });
  launched.push(server);
  return server;
}

afterAll(async () => {
  await Promise.all(launched.splice(0).map(server => server.dispose()));
});

async function memoryBytes(server: ProcessServer): Promise<number> {
  const status = await readFile(`/proc/${server.childProcess.child.pid ?? 0}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

/**
 * Sends commands of the slow member and results of 60 kB, which it does not read, then waits until the members below it
 * receive its departure. Returns how many bytes of results were sent, and the view of the departure.
 */
async function floodUntilGone(slow: Joined, below: readonly Joined[]): Promise<{ sentBytes: number; view: Frame }> {
  const value = 'x'.repeat(60_000);
  for (let round = 1; round <= FLOOD_ROUNDS; round += 1) {
    slow.peer.send({ type: 'command', id: `id-${round}`, name: 'print', reply: 'each' });
    for (const { peer } of below) {
      const frame = await peer.until(({ type }) => type === 'command' || type === 'view');
      if (frame.type === 'view') return { sentBytes: (round - 1) * below.length * value.length, view: frame };
      peer.send({ type: 'result', seq: frame['seq'], status: 'done', value });
    }
  }
  const view = await at(below, 0).peer.until(({ type }) => type === 'view', MACHINE_MS);
  return { sentBytes: FLOOD_ROUNDS * below.length * value.length, view };
}

describe('R-BYE-1 A slow reader is closed with SLOW_CONSUMER while others are served', () => {
  it('ends when it reads none of its results for RANKD_STALL_MS, and the server’s memory stays bounded', async () => {
    const server = await launch({ RANKD_BACKLOG_BYTES_MAX: '1048576', RANKD_STALL_MS: '1000' });
    const hello = (rank: number): object => (rank === 1 ? { heartbeat: false } : rank === 0 ? { updates: 'size' } : {});
    const members = await server.joinMany(6, 'crowd', hello);
    for (const { peer } of members) while ((await peer.awaitUntakenFrames()).length > 0) await peer.next('view');
    const [above, slow, below] = [at(members, 0), at(members, 1), members.slice(2)];
    slow.peer.pause();
    const memoryBefore = await memoryBytes(server);
    const { sentBytes, view } = await floodUntilGone(slow, below);
    expect(view).toMatchObject({ rank: 1, was: 2, size: 5, cause: { member: slow.id, reason: 'SLOW_CONSUMER' } });
    expect(sentBytes).toBeGreaterThan(1_048_576);
    expect(await memoryBytes(server)).toBeLessThan(memoryBefore + 128 * 1_048_576);
    slow.peer.resume();
    await within(5000, 'the slow peer to receive its bye', slow.peer.closed);
    expect(await above.peer.until(({ type, size }) => type === 'view' && size === 5)).toMatchObject({ rank: 0 });
  }, 30_000);
});

/** The types of the frames that a peer received after its welcome, without heartbeats. */
const wordsOf = (peer: RawPeer): string[] =>
  peer.frames.map(({ type }) => type).filter(type => type !== 'ping' && type !== 'pong' && type !== 'welcome');

/** A server that received SIGTERM while rank 0 awaits the result of rank 1. */
async function draining(
  env: Readonly<Record<string, string>>,
): Promise<{ server: ProcessServer; members: Joined[]; seq: number }> {
  const server = await launch(env);
  const members = await server.joinMany(5, 'drained');
  at(members, 0).peer.send({ type: 'command', id: 'open', name: 'print', to: { ranks: [1] }, deadlineMs: 60_000 });
  const seq = numberIn(await at(members, 0).peer.next('receipt'), 'seq');
  await at(members, 1).peer.next('command');
  server.childProcess.kill('SIGTERM');
  await server.childProcess.event('draining');
  return { server, members, seq };
}

/** These tests run at the same time, because they wait for processes to start and to end. */
describe('R-BYE-2 After SIGTERM open commands may end, and no member is promoted', () => {
  it.concurrent('rejects new sessions and commands, ends open commands, then sends bye and exits 0', async () => {
    const { server, members, seq } = await draining({ RANKD_DRAIN_MS: '30000' });
    const [sender, recipient, leaver] = [at(members, 0).peer, at(members, 1).peer, at(members, 2).peer];
    const newcomer = await server.connect();
    expect(await byeOf(newcomer)).toMatchObject({ code: 'DRAINING', retry: true, retryAfterMs: expect.any(Number) });
    sender.send({ type: 'command', id: 'new', name: 'print' });
    expect(await sender.next('receipt')).toMatchObject({ id: 'new', accepted: false, code: 'DRAINING' });
    leaver.send({ type: 'leave' });
    expect(await byeOf(leaver)).toMatchObject({ code: 'LEFT' });
    recipient.send({ type: 'result', seq, status: 'done' });
    expect(await sender.next('outcome')).toMatchObject({ id: 'open', done: 1, recipients: 1 });

    const stayed = members.filter(({ peer }) => peer !== leaver);
    const byes = await Promise.all(stayed.map(({ peer }) => byeOf(peer)));
    for (const bye of byes) expect(bye).toMatchObject({ code: 'DRAINING', retry: true });
    const delays = byes.map(bye => numberIn(bye, 'retryAfterMs'));
    expect(new Set(delays).size).toBe(delays.length);
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...delays)).toBeLessThanOrEqual(RETRY_AFTER_MS_MAX);
    expect(members.flatMap(({ peer }) => wordsOf(peer)).filter(type => type === 'view')).toEqual([]);
    expect(await server.exited(5000)).toEqual({ code: 0, signal: null });
  });

  it.concurrent(
    'exits at once if no command is open, also with peers that keep their end of the connection open',
    async () => {
      const server = await launch({ RANKD_DRAIN_MS: '30000' });
      const members = await server.joinMany(3, 'idle');
      const silent = await server.connect();
      const hung = at(members, 1).peer;
      hung.pause();
      server.childProcess.kill('SIGTERM');
      expect(await byeOf(silent)).toMatchObject({ code: 'DRAINING' });
      expect(await server.exited(2000 + 2 * MACHINE_MS)).toEqual({ code: 0, signal: null });
      hung.resume();
      await hung.closed;
      expect(members.flatMap(({ peer }) => wordsOf(peer))).toEqual(['bye', 'bye', 'bye']);
    },
  );

  it.concurrent('exits 1 at once on a second SIGTERM', async () => {
    const { server, members } = await draining({ RANKD_DRAIN_MS: '30000' });
    server.childProcess.kill('SIGTERM');
    expect(await server.exited(5000)).toEqual({ code: 1, signal: null });
    await within(5000, 'the connections to break', Promise.all(members.map(({ peer }) => peer.closed)));
    expect(members.flatMap(({ peer }) => wordsOf(peer)).filter(type => type === 'view')).toEqual([]);
  });
});
