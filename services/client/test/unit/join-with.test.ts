import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { joinWith } from '../../src/join.js';
import type { Membership } from '../../src/membership.js';
import { InMemoryServer } from './in-memory-server.js';
import { welcomeOf } from './messages.js';

const URL = 'rankd://in-memory';
/** The times that `welcomeOf` sends, ms. */
const [HEARTBEAT_MS, SUSPEND_MS, DEAD_MS] = [1500, 4500, 6000];
/** The bounds of the backoff, ms, before and after the first seat. */
const [BASE_MS, CAP_MS, CAP_SEATED_MS] = [100, 5000, 1000];

let server: InMemoryServer;
let member: Membership | undefined;
let events: unknown[];

beforeEach(() => {
  server = new InMemoryServer();
  member = undefined;
  events = [];
});
afterEach(async () => {
  const left = member?.leave();
  await server.advance(2 * HEARTBEAT_MS);
  await left;
});

function recordEvents(membership: Membership): void {
  member = membership;
  membership.on('suspended', ({ because }) => events.push(['suspended', because, server.nowMs]));
  membership.on('acting', () => events.push(['acting', server.nowMs]));
  membership.on('disconnected', ({ error, retryInMs }) => events.push([error.code, retryInMs, server.nowMs]));
  membership.on('joined', ({ resumed }) => events.push(['joined', resumed, server.nowMs]));
}

/** Joins, and makes the server admit the member as rank 0. */
async function joinSeated(): Promise<Membership> {
  const joined = joinWith(server.environment, URL, { prepare: recordEvents });
  await server.advance(0);
  server.connection.send(welcomeOf());
  await server.advance(0);
  return joined;
}

/** Sends a heartbeat every 1.5 s. Each one acknowledges the pong before it. */
async function sendPings(count: number): Promise<void> {
  for (let n = 1; n <= count; n += 1) {
    await server.advance(HEARTBEAT_MS);
    server.connection.send({ type: 'ping', n, seen: n - 1 });
    await server.advance(0);
  }
}

describe('a member in a test environment, on a manual clock', () => {
  it('R-LEAD-3 answers each heartbeat, and each renews its lease', async () => {
    const membership = await joinSeated();
    await sendPings(10);
    expect([server.nowMs, membership.rank]).toEqual([10 * HEARTBEAT_MS, 0]);
    const pongs = server.connection.received.filter(({ type }) => type === 'pong').map(({ n }) => n);
    expect(pongs).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(events).toEqual([['joined', false, 0]]);
  });

  it('R-LEAD-3 suspends itself suspendMs after its last acknowledged pong, and not 1 ms earlier', async () => {
    const membership = await joinSeated();
    await sendPings(2);
    // The second ping acknowledges the pong that was sent at 1500.
    await server.advance(HEARTBEAT_MS + SUSPEND_MS - server.nowMs - 1);
    expect([membership.rank, membership.fence?.view]).toEqual([0, 4]);
    await server.advance(1);
    expect([membership.rank, membership.fence]).toEqual([undefined, undefined]);
    expect(events.at(-1)).toEqual(['suspended', 'silence', HEARTBEAT_MS + SUSPEND_MS]);
    server.connection.send({ type: 'ping', n: 3, seen: 2 });
    await server.advance(0);
    expect([membership.rank, events.at(-1)]).toEqual([0, ['acting', HEARTBEAT_MS + SUSPEND_MS]]);
  });

  it('R-JOIN-6 ends a silent session after deadMs more, and reconnects after the backoff to take back its seat', async () => {
    const membership = await joinSeated();
    const lostAtMs = SUSPEND_MS + DEAD_MS;
    await server.advance(lostAtMs);
    expect(events.at(-1)).toEqual(['HEARTBEAT_TIMEOUT', BASE_MS / 2, lostAtMs]);
    await server.advance(BASE_MS / 2 - 1);
    expect(server.connections).toHaveLength(1);
    await server.advance(1);
    expect(server.connection.openedAtMs).toBe(lostAtMs + BASE_MS / 2);
    expect(server.connection.received).toMatchObject([{ resume: { member: 'm1', secret: 'secret-1' } }]);
    server.connection.send(welcomeOf({ resumed: true }));
    await server.advance(0);
    expect([membership.rank, events.at(-1)]).toEqual([0, ['joined', true, lostAtMs + BASE_MS / 2]]);
  });

  it('doubles the bound between attempts up to 1 s once it had a seat, using only the clock and `random`', async () => {
    await joinSeated();
    server.random = 1;
    server.mode = 'refuse';
    server.connection.close();
    await server.advance(60_000);
    const delays = events.slice(1).map(event => (event as [string, number])[1]);
    expect(delays.slice(0, 7)).toEqual([100, 100, 200, 400, 800, 1000, 1000]);
    expect(Math.max(...delays)).toBe(CAP_SEATED_MS);
  });

  it('doubles the bound between attempts up to 5 s before its first seat', async () => {
    server.random = 1;
    server.mode = 'refuse';
    const joined = joinWith(server.environment, URL, { joinWithinMs: Infinity, prepare: recordEvents });
    await server.advance(30_000);
    expect(events.map(event => (event as [string, number])[1])).toEqual([
      BASE_MS,
      200,
      400,
      800,
      1600,
      3200,
      ...Array.from({ length: 5 }, () => CAP_MS),
    ]);
    server.mode = 'accept';
    await server.advance(CAP_MS);
    server.connection.send(welcomeOf());
    await server.advance(0);
    expect((await joined).rank).toBe(0);
  });

  it('ends a join after joinWithinMs if the server accepts the connection and sends nothing', async () => {
    const joined = joinWith(server.environment, URL, { joinWithinMs: 3000, prepare: recordEvents });
    const rejected = expect(joined).rejects.toMatchObject({ code: 'CONNECT_FAILED' });
    await server.advance(3000);
    expect(events).toEqual([]);
    await server.advance(1);
    await rejected;
    expect(events).toEqual([['CONNECT_FAILED', undefined, 3001]]);
  });
});
