import { afterEach, describe, expect, it } from '@jest/globals';
import { at, eventually, type Frame, type Joined, numberIn, ProcessServer } from '@rankd/testkit';
import { quantile, residentBytes, show } from './insiders.js';

const MIB = 1_048_576;
const ADMIN = 'admin';
/** Generous times, because these tests are not about a slow server. */
const PULSE = {
  RANKD_HEARTBEAT_MS: '1000',
  RANKD_SUSPEND_MS: '50000',
  RANKD_DEAD_MS: '60000',
  RANKD_ADMIN_TOKEN: ADMIN,
};
const BROADCASTS = 100;
const BROADCAST_BYTES = 200;
/** The number of commands of 60 kB: more than the operating system buffers for a peer that does not read. */
const STUFFING = 150;

const launched: ProcessServer[] = [];

afterEach(async () => {
  await Promise.all(launched.splice(0).map(server => server.dispose()));
});

interface Crowd {
  readonly server: ProcessServer;
  readonly leader: Joined;
  readonly readers: readonly Joined[];
  readonly slow: readonly Joined[];
  readonly observer: Joined['peer'];
  readonly admin: Joined['peer'];
}

async function crowd(readers: number, slow: number, env: Readonly<Record<string, string>>): Promise<Crowd> {
  const server = await ProcessServer.launch({ ...PULSE, ...env });
  launched.push(server);
  const group = 'crowd';
  const count = 1 + readers + slow;
  const tagsOf = (rank: number): object =>
    rank > readers ? { tags: { pace: 'slow' }, heartbeat: false } : { tags: { pace: 'swift' } };
  const members = await server.joinMany(count, group, tagsOf);
  const watch = { role: 'observer', group, token: ADMIN };
  const { peer: observer } = await server.join({ ...watch, updates: 'roster' });
  const { peer: admin } = await server.join({ ...watch, updates: 'rank' });
  return {
    server,
    leader: at(members, 0),
    readers: members.slice(1, 1 + readers),
    slow: members.slice(1 + readers),
    observer,
    admin,
  };
}

/** Sends more than the operating system buffers, from an administrator, which the server may pause for it. */
function stuff(admin: Joined['peer'], target: object): void {
  const order = { type: 'admin', action: 'command', name: 'swallow', args: 'x'.repeat(60_000), reply: 'none' };
  for (let id = 0; id < STUFFING; id += 1) admin.send({ ...order, id: `s${id}`, to: target });
}

const commandsOf = ({ peer }: Joined, name: string): Frame[] =>
  peer.frames.filter(frame => frame.type === 'command' && frame['name'] === name);

/** Sends commands of the leader to `to`. Returns how long each took to reach each reader, in ms. */
async function broadcast({ leader, readers }: Crowd, name: string, to: unknown): Promise<number[]> {
  const sentAtMs: number[] = [];
  for (let id = 0; id < BROADCASTS; id += 1) {
    sentAtMs.push(performance.now());
    const args = String(id).padEnd(BROADCAST_BYTES, '.');
    leader.peer.send({ type: 'command', id: `${name}-${id}`, name, args, to, reply: 'none' });
    const last = at(readers, -1);
    await last.peer.until(frame => frame.type === 'command' && frame['name'] === name, 30_000, `${name} ${id}`);
  }
  const latenciesMs: number[] = [];
  for (const reader of readers) {
    await eventually(30_000, 'all commands', () => commandsOf(reader, name).length === BROADCASTS || undefined);
    expectAllInOrder(commandsOf(reader, name));
    for (const [id, frame] of commandsOf(reader, name).entries()) {
      latenciesMs.push(reader.peer.recordOf(frame).atMs - at(sentAtMs, id));
    }
  }
  return latenciesMs;
}

/** Checks that all commands arrived, byte for byte, in the order in which they were sent. */
function expectAllInOrder(commands: readonly Frame[]): void {
  const wanted = Array.from({ length: BROADCASTS }, (_, id) => String(id).padEnd(BROADCAST_BYTES, '.'));
  expect(commands.map(frame => frame['args'])).toEqual(wanted);
  const seqs = commands.map(frame => numberIn(frame, 'seq'));
  expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
}

/** The names of members that were closed as slow consumers, from an observer's views. */
async function putOut({ observer }: Crowd, count: number): Promise<unknown[]> {
  const left: { member: string; reason: string }[] = [];
  while (left.length < count) {
    const view = await observer.next('view', 30_000);
    left.push(...(view['left'] as { member: string; reason: string }[]));
  }
  expect(left.map(({ reason }) => reason)).toEqual(Array(count).fill('SLOW_CONSUMER'));
  return left.map(({ member }) => member).sort();
}

describe('T11 A slow reader among 100', () => {
  it('T11 does not delay the others while it is behind, and is closed with SLOW_CONSUMER', async () => {
    const backlog = 64 * MIB;
    const all = await crowd(98, 1, { RANKD_BACKLOG_BYTES_MAX: String(backlog), RANKD_STALL_MS: '6000' });
    const [slow] = all.slow;
    if (slow === undefined) throw new Error('no slow member');
    const before = await broadcast(all, 'before', 'below');
    const residentBefore = await residentBytes(all.server);
    slow.peer.pause();
    stuff(all.admin, { members: [slow.id] });
    await eventually(
      20_000,
      'a backlog',
      async () => (await all.server.metric('rankd_backlog_bytes')) > MIB || undefined,
    );
    const during = await broadcast(all, 'during', 'below');
    expect(await all.server.metric('rankd_backlog_bytes')).toBeGreaterThan(MIB);
    const grownBytes = (await residentBytes(all.server)) - residentBefore;
    expect(grownBytes).toBeLessThan(backlog + 64 * MIB);
    expect(await putOut(all, 1)).toEqual([slow.id]);
    for (const { peer } of all.readers)
      expect((await peer.awaitUntakenFrames()).filter(({ type }) => type === 'bye')).toEqual([]);
    show('T11', {
      'p99 ms without': quantile(before, 0.99),
      'p99 ms with a slow reader': quantile(during, 0.99),
      'grown MiB': grownBytes / MIB,
    });
  }, 60_000);
});

describe('T12, L10 Half of them slow, in a heap of 64 MiB', () => {
  const SLOW = 50;

  it('T12 L10 50 slow readers do not delay 50 others, use only their backlogs, and are all closed', async () => {
    const env = { RANKD_BACKLOG_BYTES_MAX: String(MIB), RANKD_STALL_MS: '3000' };
    const all = await crowd(49, SLOW, { ...env, NODE_OPTIONS: '--max-old-space-size=64' });
    const swift = { tags: { pace: 'swift' } };
    const before = await broadcast(all, 'before', swift);
    const residentBefore = await residentBytes(all.server);
    for (const { peer } of all.slow) peer.pause();
    stuff(all.admin, { tags: { pace: 'slow' } });
    await eventually(
      20_000,
      'backlogs',
      async () => (await all.server.metric('rankd_backlog_bytes')) > MIB / 4 || undefined,
    );
    const during = await broadcast(all, 'during', swift);
    const grownBytes = (await residentBytes(all.server)) - residentBefore;
    expect(grownBytes).toBeLessThan(SLOW * MIB + 64 * MIB);
    expect(await putOut(all, SLOW)).toEqual(all.slow.map(({ id }) => id).sort());
    for (const { peer } of all.readers)
      expect((await peer.awaitUntakenFrames()).filter(({ type }) => type === 'bye')).toEqual([]);
    show('T12 L10', {
      'p99 ms without': quantile(before, 0.99),
      'p99 ms with 50 slow readers': quantile(during, 0.99),
      'grown MiB': grownBytes / MIB,
    });
  }, 60_000);
});

describe('T14 A peer that breaks its connection while the server writes to it', () => {
  it('T14 causes no exception, and the others receive everything', async () => {
    const all = await crowd(4, 6, { RANKD_STALL_MS: '20000' });
    for (const { peer } of all.slow) peer.pause();
    stuff(all.admin, { tags: { pace: 'slow' } });
    await eventually(
      20_000,
      'a backlog',
      async () => (await all.server.metric('rankd_backlog_bytes')) > 0 || undefined,
    );
    for (const [index, { peer }] of all.slow.entries()) {
      if (index % 2 === 0) peer.reset();
      else peer.destroy();
    }
    await broadcast(all, 'after', { tags: { pace: 'swift' } });
    await eventually(
      10_000,
      'the departures',
      async () => (await all.server.metric('rankd_sessions')) === 7 || undefined,
    );
    expect(all.server.childProcess.child.exitCode).toBeNull();
    expect(all.server.childProcess.output).not.toContain('Error');
  }, 40_000);
});
