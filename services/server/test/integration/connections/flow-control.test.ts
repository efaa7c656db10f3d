import { afterEach, describe, expect, it } from '@jest/globals';
import { at, eventually, type Frame, type Joined, numberIn, ProcessServer, TIMINGS } from '@rankd/testkit';

/** R-FLOW-1 with real sockets and their buffers. The other tests are in unit/in-process/connections. */

/** Much more than the operating system buffers for a peer that does not read, and than the server may. */
const ORDERS = 400;
const BACKLOG_BYTES_MAX = 2_097_152;
const ARGS = 'x'.repeat(60_000);

const launched: ProcessServer[] = [];

afterEach(async () => {
  await Promise.all(launched.splice(0).map(server => server.dispose()));
});

/** Ranks 0 to 2: a sender, a member that becomes slow, and a member that reads. */
interface Crowd {
  readonly server: ProcessServer;
  readonly sender: Joined;
  readonly slow: Joined;
  readonly reader: Joined;
}

async function crowd(env: Readonly<Record<string, string>>): Promise<Crowd> {
  const server = await ProcessServer.launch({
    ...TIMINGS.patient,
    RANKD_BACKLOG_BYTES_MAX: String(BACKLOG_BYTES_MAX),
    ...env,
  });
  launched.push(server);
  const group = server.freshGroup();
  const sender = await server.join({ group });
  const slow = await server.join({ group, heartbeat: false });
  return { server, sender, slow, reader: await server.join({ group, heartbeat: false }) };
}

function flood({ peer }: Joined): void {
  const order = { type: 'command', name: 'go', reply: 'none', args: ARGS };
  for (let id = 0; id < ORDERS; id += 1) peer.send({ ...order, id: `${id}` });
}

const commandsTo = ({ peer }: Joined): Frame[] => peer.frames.filter(({ type }) => type === 'command');

/**
 * Waits until the server has stopped reading from the sender. Returns how many receipts it received, and when the last.
 */
async function held({ server, sender }: Crowd): Promise<{ receipts: number; sinceMs: number }> {
  await eventually(10_000, 'the server to stop reading from the sender', async () => {
    return (await server.metric('rankd_backlog_bytes')) > BACKLOG_BYTES_MAX / 4 ? true : undefined;
  });
  await sender.peer.next('ping');
  const receipts = sender.peer.frames.filter(({ type }) => type === 'receipt');
  expect(receipts.length).toBeLessThan(ORDERS);
  return { receipts: receipts.length, sinceMs: sender.peer.recordOf(at(receipts, -1)).atMs };
}

describe('R-FLOW-1 The server slows a sender that is faster than its recipients', () => {
  it('reads from it again when the slow recipient reads, and every member receives all frames in order', async () => {
    const all = await crowd({ RANKD_STALL_MS: '20000' });
    all.slow.peer.pause();
    flood(all.sender);
    const { receipts } = await held(all);
    expect(commandsTo(all.reader).length).toBeLessThanOrEqual(receipts);
    all.slow.peer.resume();
    for (const member of [all.slow, all.reader]) {
      await eventually(20_000, 'all commands', () => (commandsTo(member).length === ORDERS ? true : undefined));
      const seqs = commandsTo(member).map(frame => numberIn(frame, 'seq'));
      expect(seqs).toEqual(Array.from({ length: ORDERS }, (_, index) => at(seqs, 0) + index));
    }
    for (const { peer } of [all.sender, all.slow, all.reader]) {
      await peer.barrier();
      expect(peer.untakenFrames.filter(({ type }) => type === 'view' || type === 'bye')).toEqual([]);
    }
  }, 40_000);
});
