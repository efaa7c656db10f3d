import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import type { Membership, RankChange } from '@rankd/client';
import { ChaosProxy, eventually, RawPeer, type Direction, type LaunchedServer } from '@rankd/testkit';
import { DEADLINE_MS, Fleet, next } from '../fleet.js';

const SUSPEND_MS = 900;
const DEAD_MS = 1500;
/** How much later than it should a busy machine may do something. */
const MACHINE_MS = 4000;
const PULSE = { RANKD_HEARTBEAT_MS: '150', RANKD_SUSPEND_MS: String(SUSPEND_MS), RANKD_DEAD_MS: String(DEAD_MS) };
/** Where nobody is to be given up: a machine that is busy with other tests is no fault of the link. */
const PATIENCE_MS = 3000;
const PATIENT = { RANKD_HEARTBEAT_MS: '300', RANKD_SUSPEND_MS: String(PATIENCE_MS), RANKD_DEAD_MS: '6000' };

const fleet = new Fleet();
const proxies: ChaosProxy[] = [];
afterEach(async () => {
  await Promise.all(proxies.splice(0).map(proxy => proxy.dispose()));
});
afterAll(() => fleet.dispose());

async function proxied({ port }: LaunchedServer): Promise<ChaosProxy> {
  const proxy = await ChaosProxy.open(port);
  proxies.push(proxy);
  return proxy;
}

const lasting = (durationMs: number): Promise<void> => new Promise(resolve => setTimeout(resolve, durationMs));

/** What a member was told from now on that it need not have been. */
function troublesOf(member: Membership): string[] {
  const troubles: string[] = [];
  member.on('rank', ({ cause }: RankChange) => troubles.push(`rank: ${cause.kind}`));
  member.on('suspended', ({ because }) => troubles.push(`suspended: ${because}`));
  member.on('disconnected', ({ error }) => troubles.push(`disconnected: ${error.code}`));
  return troubles;
}

/** A process with the library that says what it executes. */
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
  it('T4 for less than suspendMs stays where it is, and nobody is told anything', async () => {
    const { port } = await fleet.server(PATIENT);
    const above = await fleet.join(port);
    const stopped = fleet.script('module', EXECUTOR, port);
    await stopped.line(line => line === 'joined 1');
    const below = await fleet.join(port);
    const troubles = [troublesOf(above), troublesOf(below)];
    for (let round = 0; round < 2; round += 1) {
      stopped.kill('SIGSTOP');
      await lasting(PATIENCE_MS / 2);
      stopped.kill('SIGCONT');
      const sheet = await above.command('go', round, { to: { ranks: [1] }, deadlineMs: DEADLINE_MS });
      expect(sheet).toMatchObject({ recipients: 1, done: 1 });
    }
    await stopped.line(line => line === 'executed 1');
    expect(below.rank).toBe(2);
    expect(troubles).toEqual([[], []]);
    expect(stopped.lines).toEqual(['joined 1', 'executed 0', 'executed 1']);
  });

  it('T5 for longer than deadMs executes nothing of what waits for it from its earlier rank', async () => {
    const { port } = await fleet.server(PULSE);
    const above = await fleet.join(port);
    const stopped = fleet.script('module', EXECUTOR, port);
    await stopped.line(line => line === 'joined 1');
    const below = await fleet.join(port);
    const promoted = next(below, 'rank', ({ rank }) => rank === 1);
    stopped.kill('SIGSTOP');
    const stoppedMs = performance.now();
    const sheets = Array.from({ length: 20 }, (_, id) =>
      above.command('go', id, { to: { ranks: [1] }, deadlineMs: 60_000 }),
    );
    await expect(promoted).resolves.toMatchObject({ cause: { name: 'stopped', reason: 'HEARTBEAT_TIMEOUT' } });
    expect(performance.now() - stoppedMs).toBeGreaterThanOrEqual(SUSPEND_MS);
    for (const sheet of await Promise.all(sheets)) expect(sheet).toMatchObject({ recipients: 1, left: 1 });
    stopped.kill('SIGCONT');
    await stopped.line(line => line === 'joined 2');
    // A command that it executes now comes after whatever it would have executed of those.
    await above.command('go', 'afterwards', { to: { ranks: [2] }, deadlineMs: DEADLINE_MS });
    await stopped.line(line => line === 'executed afterwards');
    expect(stopped.lines).toEqual(['joined 1', 'joined 2', 'executed afterwards']);
  });
});

describe('a link that is cut and that nobody is told of', () => {
  const cuts: [string, Direction[]][] = [
    ['T6 in both directions', ['toServer', 'toClient']],
    ['T7 towards the server only', ['toServer']],
    ['T7 towards the client only', ['toClient']],
  ];

  it.each(cuts)('%s: its leader stops acting by its own clock, then its deputy leads', async (_title, directions) => {
    const server = await fleet.server(PULSE);
    const proxy = await proxied(server);
    const cut = await fleet.join(proxy.port, { name: 'cut' });
    const deputy = await fleet.join(server.port, { name: 'deputy' });
    const suspended = next(cut, 'suspended').then(() => performance.now());
    const leads = next(deputy, 'rank', ({ rank }) => rank === 0);
    const cutAtMs = performance.now();
    for (const direction of directions) proxy.treat(direction, 'hold');
    const suspendedAtMs = await suspended;
    expect(cut.rank).toBeUndefined();
    expect(deputy.rank).toBe(1);
    await expect(leads).resolves.toMatchObject({ cause: { name: 'cut', reason: 'HEARTBEAT_TIMEOUT' } });
    const leadsAtMs = performance.now();
    expect(suspendedAtMs).toBeLessThan(leadsAtMs);
    expect(suspendedAtMs - cutAtMs).toBeLessThan(SUSPEND_MS + MACHINE_MS);
    expect(leadsAtMs - cutAtMs).toBeLessThan(DEAD_MS + MACHINE_MS);
    const disconnected = next(cut, 'disconnected');
    await disconnected;
    const back = next(cut, 'joined');
    for (const direction of directions) proxy.treat(direction, 'pass');
    await expect(back).resolves.toMatchObject({ rank: 1, resumed: false });
    expect(deputy.rank).toBe(0);
    process.stdout.write(
      `${_title}: stops after ${Math.round(suspendedAtMs - cutAtMs)} ms, deputy leads after ${Math.round(leadsAtMs - cutAtMs)} ms\n`,
    );
  });
});

describe('a link that delays, jitters and loses', () => {
  it('T8 costs nobody its rank, and every command comes once, in order', async () => {
    const server = await fleet.server(PATIENT);
    const proxy = await proxied(server);
    const leader = await fleet.join(server.port, { name: 'leader' });
    const far = await Promise.all(['far-1', 'far-2'].map(name => fleet.join(proxy.port, { name })));
    const near = await RawPeer.connect(server.port);
    near.send({ type: 'hello', role: 'observer', updates: 'roster' });
    await near.next('welcome');
    const troubles = [leader, ...far].map(troublesOf);
    const executed = far.map(member => {
      const seqs: number[] = [];
      member.handle('go', (_, { seq }) => void seqs.push(seq));
      return seqs;
    });
    let turn = 0;
    // 50 ms there and back each, give or take 20; now and then what TCP does about a lost segment: nothing for 200 ms.
    const jitter = setInterval(() => {
      turn += 1;
      const isLost = turn % 20 < 4;
      for (const direction of ['toServer', 'toClient'] as const) {
        proxy.pace(direction, { delayMs: 30 + ((turn * 7) % 41) });
        proxy.treat(direction, isLost ? 'hold' : 'pass');
      }
    }, 50);
    const COMMANDS = 150;
    for (let id = 0; id < COMMANDS; id += 10) {
      const ten = Array.from({ length: 10 }, () => leader.command('go', null, { deadlineMs: DEADLINE_MS }));
      for (const sheet of await Promise.all(ten)) expect(sheet).toMatchObject({ recipients: 2, done: 2 });
    }
    clearInterval(jitter);
    for (const seqs of executed) {
      expect(seqs).toHaveLength(COMMANDS);
      expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
    }
    expect(troubles).toEqual([[], [], []]);
    expect(await near.heard()).toEqual([]);
    near.destroy();
  });

  it('T9 a link that passes one byte at a time changes nothing but how long it takes', async () => {
    const server = await fleet.server(PATIENT);
    const proxy = await proxied(server);
    proxy.pace('toServer', { pieceBytes: 1 });
    proxy.pace('toClient', { pieceBytes: 1 });
    const leader = await fleet.join(server.port, { name: 'leader' });
    const slow = await fleet.join(proxy.port, { name: 'slow' });
    slow.handle('echo', args => args as string);
    for (const text of ['', 'ä€𝄞', 'x'.repeat(500)]) {
      const values: unknown[] = [];
      for await (const { value } of leader.stream('echo', text, { deadlineMs: DEADLINE_MS })) values.push(value);
      expect(values).toEqual([text]);
    }
    await eventually(DEADLINE_MS, 'its rank', () => (slow.rank === 1 ? true : undefined));
  });
});
