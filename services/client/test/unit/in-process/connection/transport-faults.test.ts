import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import type { Membership, RankChange } from '@rankd/client';
import { type Direction, TIMINGS } from '@rankd/testkit';
import { type InProcessClient, InProcessFleet } from '@rankd/testkit/in-process';
import { DEADLINE_MS, timedIt } from '../fixture.js';

const HEARTBEAT_MS = Number(TIMINGS.quick.RANKD_HEARTBEAT_MS);
const SUSPEND_MS = Number(TIMINGS.quick.RANKD_SUSPEND_MS);
const DEAD_MS = Number(TIMINGS.quick.RANKD_DEAD_MS);

const fleet = new InProcessFleet();
const it = timedIt(fleet);
let port: number;

beforeAll(async () => {
  ({ port } = await fleet.server(TIMINGS.quick));
});
afterAll(() => fleet.dispose());

/** Records the events of a member that it should not have received. */
function troublesOf(member: Membership): string[] {
  const troubles: string[] = [];
  member.on('rank', ({ cause }: RankChange) => troubles.push(`rank: ${cause.kind}`));
  member.on('suspended', ({ because }) => troubles.push(`suspended: ${because}`));
  member.on('disconnected', ({ error }) => troubles.push(`disconnected: ${error.code}`));
  return troubles;
}

interface Executor {
  readonly process: InProcessClient;
  readonly member: Membership;
  /** What the process would print: each seat, and each command that it executed. */
  readonly lines: string[];
}

/** Starts a process with the library that reports what it executes. */
async function executor(group: string): Promise<Executor> {
  const process = fleet.process(port);
  const lines: string[] = [];
  const member = await process.join({
    group,
    name: 'stopped',
    prepare: me => {
      me.on('joined', ({ rank }) => lines.push(`joined ${rank}`));
      me.handle('go', args => void lines.push(`executed ${String(args)}`));
    },
  });
  return { process, member, lines };
}

describe('a process that is stopped and continued', () => {
  it('T4 for less than suspendMs keeps its rank, and no member receives a view', async () => {
    const group = fleet.newGroup();
    const above = await fleet.join(port, { group });
    const { process, member, lines } = await executor(group);
    const below = await fleet.join(port, { group });
    const troubles = [troublesOf(above), troublesOf(member), troublesOf(below)];
    for (let round = 0; round < 20; round += 1) {
      process.stop();
      // The stop begins at any point between two heartbeats, and lasts for as long as the last heartbeat allows.
      await fleet.time.pass(SUSPEND_MS - 2 * HEARTBEAT_MS - 1);
      process.continue();
      const sheet = await above.command('go', round, { to: { ranks: [1] }, deadlineMs: DEADLINE_MS });
      expect(sheet).toMatchObject({ recipients: 1, done: 1 });
      await fleet.time.pass(2 * HEARTBEAT_MS + 7);
    }
    expect([member.rank, below.rank]).toEqual([1, 2]);
    expect(troubles).toEqual([[], [], []]);
    expect(lines).toEqual(['joined 1', ...Array.from({ length: 20 }, (_, round) => `executed ${round}`)]);
  });

  it('T5 for longer than deadMs executes none of the commands that it received at its earlier rank', async () => {
    const group = fleet.newGroup();
    const above = await fleet.join(port, { group });
    const { process, member, lines } = await executor(group);
    const below = await fleet.join(port, { group });
    const promoted = fleet.next(below, 'rank', ({ rank }) => rank === 1);
    process.stop();
    const stoppedMs = fleet.time.nowMs();
    const sheets = Array.from({ length: 20 }, (_, id) =>
      above.command('go', id, { to: { ranks: [1] }, deadlineMs: 60_000 }),
    );
    await expect(promoted).resolves.toMatchObject({ cause: { name: 'stopped', reason: 'HEARTBEAT_TIMEOUT' } });
    expect(fleet.time.nowMs() - stoppedMs).toBeGreaterThanOrEqual(SUSPEND_MS);
    for (const sheet of await Promise.all(sheets)) expect(sheet).toMatchObject({ recipients: 1, left: 1 });
    const back = fleet.next(member, 'joined', ({ rank }) => rank === 2);
    process.continue();
    await back;
    // Commands arrive in order, so the member would have executed the earlier ones before this one.
    await above.command('go', 'afterwards', { to: { ranks: [2] }, deadlineMs: DEADLINE_MS });
    expect(lines).toEqual(['joined 1', 'joined 2', 'executed afterwards']);
  });
});

describe('a link that is cut without closing the connection', () => {
  const cuts: [string, Direction[]][] = [
    ['T6 in both directions', ['toServer', 'toClient']],
    ['T7 towards the server only', ['toServer']],
    ['T7 towards the client only', ['toClient']],
  ];

  it.each(cuts)(
    '%s: its leader stops acting by its own clock, then the next member leads',
    async (_title, directions) => {
      const proxy = fleet.proxy(port);
      const group = fleet.newGroup();
      const cut = await fleet.join(proxy.port, { group, name: 'cut' });
      const deputy = await fleet.join(port, { group, name: 'deputy' });
      const suspended = fleet.next(cut, 'suspended').then(() => fleet.time.nowMs());
      const leads = fleet.next(deputy, 'rank', ({ rank }) => rank === 0);
      const cutAtMs = fleet.time.nowMs();
      for (const direction of directions) proxy.treat(direction, 'hold');
      const suspendedAtMs = await suspended;
      expect(cut.rank).toBeUndefined();
      expect(deputy.rank).toBe(1);
      await expect(leads).resolves.toMatchObject({ cause: { name: 'cut', reason: 'HEARTBEAT_TIMEOUT' } });
      const leadsAtMs = fleet.time.nowMs();
      expect(suspendedAtMs).toBeLessThan(leadsAtMs);
      expect(suspendedAtMs - cutAtMs).toBeLessThanOrEqual(SUSPEND_MS);
      expect(leadsAtMs - cutAtMs).toBeLessThanOrEqual(DEAD_MS + HEARTBEAT_MS);
      const disconnected = fleet.next(cut, 'disconnected');
      await disconnected;
      const back = fleet.next(cut, 'joined');
      for (const direction of directions) proxy.treat(direction, 'pass');
      await expect(back).resolves.toMatchObject({ rank: 1, resumed: false });
      expect(deputy.rank).toBe(0);
    },
  );
});

describe('a link with delay, jitter and loss', () => {
  it('T8 costs no member its rank, and every command arrives once, in order', async () => {
    const { port: patientPort, server } = await fleet.server(TIMINGS.patient);
    const proxy = fleet.proxy(patientPort);
    const leader = await fleet.join(patientPort, { name: 'leader' });
    const far = await Promise.all(['far-1', 'far-2'].map(name => fleet.join(proxy.port, { name })));
    const near = await server.connect();
    near.send({ type: 'hello', role: 'observer', updates: 'roster' });
    await near.next('welcome');
    const troubles = [leader, ...far].map(troublesOf);
    const executed = far.map(member => {
      const seqs: number[] = [];
      member.handle('go', (_, { seq }) => void seqs.push(seq));
      return seqs;
    });
    let turn = 0;
    // A delay of 50 ms and up to 20 ms of jitter in each direction. At times a pause of 200 ms, as TCP causes it by repeating a lost
    // segment.
    const jitter = fleet.time.every(50, () => {
      turn += 1;
      const isLost = turn % 20 < 4;
      for (const direction of ['toServer', 'toClient'] as const) {
        proxy.pace(direction, { delayMs: 30 + ((turn * 7) % 41) });
        proxy.treat(direction, isLost ? 'hold' : 'pass');
      }
    });
    const COMMANDS = 150;
    for (let id = 0; id < COMMANDS; id += 10) {
      const ten = Array.from({ length: 10 }, () => leader.command('go', null, { deadlineMs: DEADLINE_MS }));
      for (const sheet of await Promise.all(ten)) expect(sheet).toMatchObject({ recipients: 2, done: 2 });
    }
    jitter.cancel();
    for (const seqs of executed) {
      expect(seqs).toHaveLength(COMMANDS);
      expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
    }
    expect(troubles).toEqual([[], [], []]);
    expect(await near.awaitUntakenFrames()).toEqual([]);
    near.destroy();
  });

  it('T9 a link that passes one byte at a time changes only the duration', async () => {
    const proxy = fleet.proxy(port);
    const group = fleet.newGroup();
    proxy.pace('toServer', { pieceBytes: 1 });
    proxy.pace('toClient', { pieceBytes: 1 });
    const leader = await fleet.join(port, { group, name: 'leader' });
    const slow = await fleet.join(proxy.port, { group, name: 'slow' });
    slow.handle('echo', args => args as string);
    for (const text of ['', 'ä€𝄞', 'x'.repeat(500)]) {
      const values: unknown[] = [];
      for await (const { value } of leader.stream('echo', text, { deadlineMs: DEADLINE_MS })) values.push(value);
      expect(values).toEqual([text]);
    }
    await fleet.time.eventually(DEADLINE_MS, 'its rank', () => (slow.rank === 1 ? true : undefined));
  });
});
