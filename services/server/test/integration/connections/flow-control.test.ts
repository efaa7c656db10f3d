import { afterEach, describe, expect, it } from '@jest/globals';
import { at, numberIn, ProcessServer, TIMINGS } from '@rankd/testkit';
import {
  allCommands,
  askAtItsPace,
  commandsTo,
  type Crowd,
  flood,
  joinCrowd,
  untilPaused,
} from '../../fixtures/flow-control.js';

/** R-FLOW-1 with real sockets and their buffers. The other tests are in unit/in-process/connections. */

/** So many orders that neither the operating system nor the server can buffer them for a peer that does not read. */
const ORDERS = 400;
const BACKLOG_BYTES_MAX = 2_097_152;

const launched: ProcessServer[] = [];

afterEach(async () => {
  await Promise.all(launched.splice(0).map(server => server.dispose()));
});

async function crowd(env: Readonly<Record<string, string>>): Promise<Crowd<ProcessServer>> {
  const server = await ProcessServer.launch({
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
  }, 40_000);
});

describe('R-FLOW-1 A leader that reads all the time gets all the results that it has asked for', () => {
  it('from 300 members that answer 60 kB at once', async () => {
    const server = await ProcessServer.launch({
      RANKD_MEMBERS_MAX: '301',
      RANKD_BACKLOG_BYTES_MAX: String(BACKLOG_BYTES_MAX),
    });
    launched.push(server);
    const frames = await askAtItsPace(server, 300);
    expect(frames.filter(({ type }) => type === 'result')).toHaveLength(300);
    expect(frames.filter(({ type }) => type === 'bye')).toEqual([]);
  }, 60_000);
});
