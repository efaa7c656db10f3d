import { afterEach, describe, expect, it } from '@jest/globals';
import { at, type Frame, numberIn, TIMINGS } from '@rankd/testkit';
import { InProcessServer } from '@rankd/testkit/in-process';
import {
  allCommands,
  askAtItsPace,
  commandsTo,
  type Crowd,
  flood,
  joinCrowd,
  untilPaused,
} from '../../../fixtures/flow-control.js';

const HEARTBEAT_MS = Number(TIMINGS.normal.RANKD_HEARTBEAT_MS);
const DEAD_MS = Number(TIMINGS.normal.RANKD_DEAD_MS);
/** So many orders that neither the connection nor the server can buffer them for a peer that does not read. */
const ORDERS = 100;
const BACKLOG_BYTES_MAX = 1_048_576;

const launched: InProcessServer[] = [];

afterEach(async () => {
  await Promise.all(launched.splice(0).map(server => server.dispose()));
});

async function crowd(env: Readonly<Record<string, string>>): Promise<Crowd<InProcessServer>> {
  const server = await InProcessServer.start({
    ...TIMINGS.patient,
    RANKD_BACKLOG_BYTES_MAX: String(BACKLOG_BYTES_MAX),
    ...env,
  });
  launched.push(server);
  return await joinCrowd(server);
}

describe('R-FLOW-1 The server slows a sender that is faster than its recipients', () => {
  it('reads from it again when the slow recipient reads, and every member receives all frames in order', async () => {
    const all = await crowd({ RANKD_STALL_MS: '20000' });
    all.slow.peer.pause();
    flood(all.sender, ORDERS);
    const { receipts } = await untilPaused(all, { count: ORDERS, backlogBytes: BACKLOG_BYTES_MAX });
    expect(commandsTo(all.reader).length).toBeLessThanOrEqual(receipts);
    all.slow.peer.resume();
    for (const member of [all.slow, all.reader]) {
      await allCommands(all, member, ORDERS);
      const seqs = commandsTo(member).map(frame => numberIn(frame, 'seq'));
      expect(seqs).toEqual(Array.from({ length: ORDERS }, (_, index) => at(seqs, 0) + index));
    }
    for (const { peer } of [all.sender, all.slow, all.reader]) {
      await peer.barrier();
      expect(peer.untakenFrames.filter(({ type }) => type === 'view' || type === 'bye')).toEqual([]);
    }
  });

  it('does not count its silence, even beyond deadMs', async () => {
    const all = await crowd({ ...TIMINGS.normal, RANKD_STALL_MS: '20000' });
    all.slow.peer.pause();
    flood(all.sender, ORDERS);
    const { sinceMs } = await untilPaused(all, { count: ORDERS, backlogBytes: BACKLOG_BYTES_MAX });
    await all.server.time.pass(2 * DEAD_MS);
    expect(all.sender.peer.frames.findLast(({ type }) => type === 'bye')).toBeUndefined();
    // The server continues to ping the slow member at the usual interval.
    const pings = all.sender.peer.received.filter(({ frame, atMs }) => frame.type === 'ping' && atMs > sinceMs);
    expect(pings.length).toBeLessThanOrEqual((2 * DEAD_MS) / HEARTBEAT_MS + 1);
    expect(pings.length).toBeGreaterThanOrEqual((2 * DEAD_MS) / HEARTBEAT_MS - 1);
    all.slow.peer.resume();
    await allCommands(all, all.reader, ORDERS);
    expect(all.sender.peer.untakenFrames.filter(({ type }) => type === 'view' || type === 'bye')).toEqual([]);
  });

  it('does not stop reading if recipients read, at the smallest backlog limit', async () => {
    const all = await crowd({ RANKD_STALL_MS: '20000', RANKD_BACKLOG_BYTES_MAX: '65536' });
    flood(all.sender, ORDERS);
    for (const member of [all.slow, all.reader]) {
      await allCommands(all, member, ORDERS);
    }
    for (const { peer } of [all.sender, all.slow, all.reader]) {
      await peer.barrier();
      expect(peer.untakenFrames.filter(({ type }) => type === 'view' || type === 'bye')).toEqual([]);
    }
  });
});

describe('R-FLOW-1 A recipient that pauses senders for RANKD_STALL_MS is closed', () => {
  const STALL_MS = 800;

  it('with SLOW_CONSUMER, not earlier, and the server reads from the sender again', async () => {
    const all = await crowd({ RANKD_STALL_MS: String(STALL_MS) });
    all.slow.peer.pause();
    const startedMs = all.server.time.nowMs();
    flood(all.sender, ORDERS);
    const view = await all.reader.peer.next('view', 20_000);
    expect(view).toMatchObject({ rank: 1, was: 2, cause: { member: all.slow.id, reason: 'SLOW_CONSUMER' } });
    expect(all.reader.peer.recordOf(view).atMs - startedMs).toBeGreaterThanOrEqual(STALL_MS);
    await allCommands(all, all.reader, ORDERS);
    const receipts = all.sender.peer.frames.filter(({ type }) => type === 'receipt');
    expect(receipts.at(-1)).toMatchObject({ accepted: true, recipients: 1 });
    // How long the server read nothing from the sender: no longer than the limit.
    const answeredAtMs = receipts.map(frame => all.sender.peer.recordOf(frame).atMs);
    const pauses = answeredAtMs.slice(1).map((atMs, index) => atMs - at(answeredAtMs, index));
    expect(Math.max(...pauses)).toBeGreaterThanOrEqual(STALL_MS / 2);
    expect(Math.max(...pauses)).toBeLessThan(STALL_MS + HEARTBEAT_MS);
  });

  it('even if it sometimes reads a little without catching up', async () => {
    const all = await crowd({ RANKD_STALL_MS: '1500', RANKD_BACKLOG_BYTES_MAX: '4194304' });
    all.slow.peer.sip(100);
    flood(all.sender, ORDERS);
    const view = await all.reader.peer.next('view', 25_000);
    expect(view).toMatchObject({ cause: { member: all.slow.id, reason: 'SLOW_CONSUMER' } });
    expect(commandsTo(all.slow).length).toBeGreaterThan(0);
  });
});

describe('R-FLOW-1 A leader that reads all the time gets all the results that it has asked for', () => {
  it.each([
    ['262144', '300'],
    ['8388608', '5000'],
  ])('from 300 members that answer 60 kB at once, with a backlog of %s bytes', async (backlogBytes, stallMs) => {
    const server = await InProcessServer.start({
      RANKD_MEMBERS_MAX: '301',
      RANKD_BACKLOG_BYTES_MAX: backlogBytes,
      RANKD_STALL_MS: stallMs,
    });
    launched.push(server);
    const frames = await askAtItsPace(server, 300);
    expect(frames.filter(({ type }) => type === 'result')).toHaveLength(300);
    expect(frames.filter(({ type }) => type === 'bye')).toEqual([]);
  });
});

describe('R-BYE-1 A slow reader is closed with SLOW_CONSUMER while others are served', () => {
  it('ends after RANKD_STALL_MS in which the peer has read nothing', async () => {
    const stallMs = 500;
    const all = await crowd({ RANKD_STALL_MS: String(stallMs), RANKD_BACKLOG_BYTES_MAX: '1073741824' });
    all.slow.peer.pause();
    const view = await floodThenWait(all);
    expect(view).toMatchObject({ rank: 1, cause: { member: all.slow.id, reason: 'SLOW_CONSUMER' } });
    expect(await all.sender.peer.awaitUntakenFrames()).toEqual([]);
  });

  it('keeps a peer that pauses and reads again in time', async () => {
    const all = await crowd({ RANKD_BACKLOG_BYTES_MAX: '16777216' });
    all.slow.peer.pause();
    for (let sent = 0; sent < 30; sent += 1) {
      const order = { type: 'command', id: `id-${sent}`, name: 'print', args: 'x'.repeat(60_000), reply: 'none' };
      all.sender.peer.send(order);
      await all.reader.peer.next('command');
    }
    all.slow.peer.resume();
    for (let sent = 0; sent < 30; sent += 1) await all.slow.peer.next('command');
    expect(await all.slow.peer.awaitUntakenFrames()).toEqual([]);
    expect(await all.reader.peer.awaitUntakenFrames()).toEqual([]);
  });
});

/** Sends more than the connection buffers for a peer, then nothing. Only time shows that `slow` has stopped reading. */
async function floodThenWait({ sender, reader }: Crowd<InProcessServer>): Promise<Frame> {
  const args = 'x'.repeat(60_000);
  const orders = Array.from({ length: 10 }, (_, id) => ({
    type: 'command',
    id: `${id}`,
    name: 'x',
    args,
    reply: 'none',
  }));
  for (const order of orders) {
    sender.peer.send(order);
    await sender.peer.next('receipt');
  }
  return await reader.peer.next('view', 10_000);
}
