import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { at, ChildProcess, eventually, type Joined, ProcessServer } from '@rankd/testkit';
import { Insiders, quantile, residentBytes, show } from './insiders.js';

const MIB = 1_048_576;
const PULSE = { RANKD_HEARTBEAT_MS: '300', RANKD_SUSPEND_MS: '2000', RANKD_DEAD_MS: '4000' };

const launched: ProcessServer[] = [];
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(launched.splice(0).map(server => server.dispose()));
});

async function launch(env: Readonly<Record<string, string>> = {}): Promise<ProcessServer> {
  const server = await ProcessServer.launch({ ...PULSE, ...env });
  launched.push(server);
  return server;
}

/** Connects without sending anything. Resolves when the connection is open, or has failed. */
async function dial(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' });
  sockets.push(socket);
  await new Promise<void>(resolve => {
    socket.on('error', () => undefined);
    socket.once('connect', resolve);
    socket.once('close', () => resolve());
  });
  return socket;
}

async function quiet(insiders: Insiders): Promise<number[]> {
  return insiders.goOnUntil(new Promise(resolve => setTimeout(resolve, 500)));
}

describe('L3 A flood of connections', () => {
  it('L3 of 3,000, each closed as soon as it is open, does not disturb the members', async () => {
    const server = await launch();
    const insiders = await Insiders.join(server, 'inside');
    const before = await quiet(insiders);
    const flood = async (): Promise<void> => {
      for (let wave = 0; wave < 30; wave += 1) {
        const dialled = await Promise.all(Array.from({ length: 100 }, () => dial(server.port)));
        dialled.forEach(socket => socket.resetAndDestroy());
      }
    };
    const startedMs = performance.now();
    const during = await insiders.goOnUntil(flood());
    const perSecond = 3000 / ((performance.now() - startedMs) / 1000);
    await insiders.expectUndisturbed();
    await eventually(
      10_000,
      'the end of all of them',
      async () => (await server.metric('rankd_sessions')) === 2 || undefined,
    );
    show('L3', {
      'connections/s': perSecond,
      'p99 ms before': quantile(before, 0.99),
      'p99 ms during': quantile(during, 0.99),
    });
  }, 60_000);
});

describe('L4 Slow handshakes', () => {
  it('L4 1,000 half-open sessions: members are not disturbed, a newcomer is admitted, and each session ends in time', async () => {
    const server = await launch({ RANKD_HELLO_TIMEOUT_MS: '2000', RANKD_HELLO_PENDING_MAX: '1024' });
    const insiders = await Insiders.join(server, 'inside');
    const residentBefore = await residentBytes(server);
    const silent = await Promise.all(Array.from({ length: 1000 }, () => dial(server.port)));
    for (const [index, socket] of silent.entries()) {
      socket.on('data', () => undefined);
      // Half of them send a byte now and then.
      if (index % 2 === 0) socket.write('{"type":');
    }
    const grownBytes = (await residentBytes(server)) - residentBefore;
    const ended = Promise.all(
      silent.map(async socket => new Promise<void>(resolve => socket.once('close', () => resolve()))),
    );
    const askedAtMs = performance.now();
    const newcomer = await server.join({ group: 'inside' });
    const admittedMs = performance.now() - askedAtMs;
    expect(newcomer.welcome).toMatchObject({ rank: 2 });
    const during = await insiders.goOnUntil(ended);
    await insiders.expectUndisturbed();
    expect(await server.metric('rankd_sessions')).toBe(3);
    show('L4', {
      'admitted after ms': admittedMs,
      'p99 ms during': quantile(during, 0.99),
      'grown MiB': grownBytes / MIB,
    });
  }, 60_000);
});

describe('L6 A flood of commands', () => {
  it('L6 by rank 0 to 100 members is answered completely, while the members below continue', async () => {
    const server = await launch({ RANKD_MEMBERS_MAX: '200', RANKD_COMMANDS_PER_SECOND: '500' });
    const [flooder] = await server.joinMany(1, 'inside');
    if (flooder === undefined) throw new Error('no member joined');
    const insiders = await Insiders.join(server, 'inside');
    const crowd: Joined[] = [];
    for (let count = 0; count < 97; count += 1) crowd.push(await server.join({ group: 'inside' }));
    const before = await quiet(insiders);
    const FLOOD = 3000;
    const order = { type: 'command', name: 'flood', to: { members: crowd.map(({ id }) => id) }, reply: 'none' };
    for (let id = 0; id < FLOOD; id += 1) flooder.peer.send({ ...order, id: `f${id}` });
    const receipts = (): number => flooder.peer.frames.filter(({ type }) => type === 'receipt').length;
    const answered = eventually(30_000, 'every receipt', () => receipts() === FLOOD || undefined);
    const during = await insiders.goOnUntil(answered);
    await insiders.expectUndisturbed();
    const accepted = flooder.peer.frames.filter(frame => frame.type === 'receipt' && frame['accepted'] === true).length;
    const refused = flooder.peer.frames.filter(({ code }) => code === 'RATE_LIMITED').length;
    expect(accepted + refused).toBe(FLOOD);
    expect(accepted).toBeGreaterThanOrEqual(500);
    for (const { peer } of crowd) {
      await peer.barrier();
      expect(peer.frames.filter(({ type }) => type === 'command')).toHaveLength(accepted);
    }
    show('L6', { accepted, refused, 'p99 ms before': quantile(before, 0.99), 'p99 ms during': quantile(during, 0.99) });
  }, 60_000);
});

describe('L8 No descriptors left', () => {
  const DESCRIPTORS = 80;

  it('L8 a server without free descriptors keeps its members, and accepts connections again when some are free', async () => {
    const server = await launch({ RANKD_HELLO_TIMEOUT_MS: '20000' });
    const inside = await server.joinMany(5, 'inside');
    const limit = ['--pid', String(server.childProcess.child.pid), `--nofile=${DESCRIPTORS}:${DESCRIPTORS}`];
    expect(await new ChildProcess('prlimit', limit).exited).toMatchObject({ code: 0 });
    const dialled = await Promise.all(Array.from({ length: 200 }, async () => dial(server.port)));
    const turnedAway = (): number => dialled.filter(socket => socket.destroyed).length;
    await eventually(10_000, 'connections that are not accepted', () => turnedAway() >= 200 - DESCRIPTORS || undefined);
    const leader = at(inside, 0);
    for (let id = 0; id < 20; id += 1) {
      leader.peer.send({ type: 'command', id: `${id}`, name: 'go', reply: 'none' });
      for (const { peer } of inside.slice(1)) await peer.next('command');
    }
    for (const { peer } of inside)
      expect((await peer.awaitUntakenFrames()).filter(({ type }) => type !== 'receipt')).toEqual([]);
    show('L8', { descriptors: DESCRIPTORS, 'taken of 200': dialled.length - turnedAway() });
    dialled.forEach(socket => socket.destroy());
    const admitted = await eventually(20_000, 'a newcomer', async () => {
      const newcomer = await server.connect().catch(() => undefined);
      newcomer?.send({ type: 'hello', group: 'inside' });
      return newcomer?.next('welcome', 1000).catch(() => undefined);
    });
    expect(admitted).toMatchObject({ rank: 5, size: 6 });
  }, 60_000);
});

describe('L9 A server with a stalled event loop', () => {
  it('L9 for 3 s, longer than deadMs, loses none of 100 members and sends no view', async () => {
    const server = await launch({ RANKD_HEARTBEAT_MS: '200', RANKD_SUSPEND_MS: '1000', RANKD_DEAD_MS: '2000' });
    const members = await server.joinMany(100, 'stalled');
    await server.whileStopped(() => new Promise(resolve => setTimeout(resolve, 3000)));
    const pingedSince = performance.now();
    for (const { peer } of members) {
      await eventually(20_000, 'a ping after the stall', () => {
        return peer.received.some(({ frame, atMs }) => frame.type === 'ping' && atMs > pingedSince) || undefined;
      });
    }
    // Waits deadMs once more, by the server's own count.
    const first = at(members, 0).peer;
    const n = Number(first.frames.findLast(({ type }) => type === 'ping')?.['n']);
    await first.until(frame => frame.type === 'ping' && Number(frame['n']) >= n + 12, 20_000);
    for (const { peer } of members) expect(await peer.awaitUntakenFrames()).toEqual([]);
    expect(await server.metric('rankd_sessions')).toBe(100);
  }, 60_000);
});
