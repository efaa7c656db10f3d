import { afterEach, describe, expect, it } from '@jest/globals';
import { at, byeOf, type RawPeer } from '@rankd/testkit';
import { InProcessServer } from '@rankd/testkit/in-process';

/** R-JOIN-1: a session counts as silent after this time without a hello. */
const PATIENCE_MS = 250;
/** How often the server checks for silent sessions. */
const TICK_MS = 50;

const launched: InProcessServer[] = [];

async function launch(env: Readonly<Record<string, string>>): Promise<InProcessServer> {
  const server = await InProcessServer.start(env);
  launched.push(server);
  return server;
}

afterEach(async () => {
  await Promise.all(launched.splice(0).map(server => server.dispose()));
});

/** Connections that send nothing, in the order in which the server accepts them. */
async function silent(server: InProcessServer, count: number): Promise<RawPeer[]> {
  const peers: RawPeer[] = [];
  for (let index = 0; index < count; index += 1) peers.push(await server.connect());
  return peers;
}

describe('R-JOIN-1 Past RANKD_HELLO_PENDING_MAX silent sessions the oldest one ends', () => {
  const env = { RANKD_HELLO_PENDING_MAX: '3', RANKD_HELLO_TIMEOUT_MS: '60000' };

  it('ends the oldest sessions after 250 ms, and keeps as many as the limit', async () => {
    const server = await launch(env);
    const startedMs = server.time.nowMs();
    const peers = await silent(server, 5);
    for (const peer of peers.slice(0, 2)) {
      expect(await byeOf(peer)).toMatchObject({ code: 'HELLO_TIMEOUT', retry: true });
      const tookMs = at(peer.received, 0).atMs - startedMs;
      expect(tookMs).toBeGreaterThanOrEqual(PATIENCE_MS);
      expect(tookMs).toBeLessThan(PATIENCE_MS + TICK_MS);
    }
    for (const peer of peers.slice(2)) {
      expect(peer.frames).toEqual([]);
      peer.send({ type: 'hello' });
      expect(await peer.next('welcome')).toMatchObject({ type: 'welcome' });
    }
  });

  it('ends the oldest session when a later one has been silent for as long', async () => {
    const server = await launch(env);
    const first = await silent(server, 3);
    const late = await server.connect();
    expect(await byeOf(at(first, 0))).toMatchObject({ code: 'HELLO_TIMEOUT' });
    for (const peer of [...first.slice(1), late]) expect(peer.frames).toEqual([]);
  });

  it('accepts a session that sends a hello, for any number of silent sessions', async () => {
    const server = await launch(env);
    const group = server.freshGroup();
    const silenced: RawPeer[] = [];
    for (let rank = 0; rank < 10; rank += 1) {
      silenced.push(...(await silent(server, 5)));
      const { welcome } = await server.join({ group });
      expect(welcome).toMatchObject({ rank });
    }
    const open = await server.time.eventually(5000, 'the oldest one to end', async () => {
      await server.time.pass(PATIENCE_MS);
      const left = silenced.filter(({ received }) => received.length === 0);
      return left.length <= 3 ? left : undefined;
    });
    expect(open).toEqual(silenced.slice(-3));
  });
});

describe('R-JOIN-1 Past RANKD_CONNECTIONS_PER_IP_MAX an address gets RATE_LIMITED', () => {
  it('counts open connections, with or without a hello, and accepts one when another is closed', async () => {
    const server = await launch({ RANKD_CONNECTIONS_PER_IP_MAX: '3' });
    const members = await server.joinMany(2, 'default');
    const mute = await server.connect();
    const late = await server.connect();
    expect(await byeOf(late)).toMatchObject({ code: 'RATE_LIMITED', retry: true, retryAfterMs: expect.any(Number) });
    mute.destroy();
    const { welcome } = await server.time.eventually(5000, 'a connection within the limit', async () => {
      const peer = await server.connect();
      peer.send({ type: 'hello' });
      const frame = await peer.until(({ type }) => type === 'welcome' || type === 'bye');
      return frame.type === 'welcome' ? { welcome: frame } : undefined;
    });
    expect(welcome).toMatchObject({ rank: 2 });
    for (const { peer } of members) expect(await peer.awaitUntakenFrames()).toEqual([]);
  });

  it('counts each address separately', async () => {
    const server = await launch({
      RANKD_CONNECTIONS_PER_IP_MAX: '1',
      RANKD_HOST: '0.0.0.0',
      RANKD_ALLOW_ANONYMOUS: '1',
    });
    await server.join();
    expect(await byeOf(await server.connect())).toMatchObject({ code: 'RATE_LIMITED' });
    // On Linux all of 127/8 is loopback. A connection to 127.0.0.2 has that source address only if it is bound to it.
    const other = await server.connect({ localAddress: '127.0.0.2' });
    other.send({ type: 'hello' });
    expect(await other.next('welcome')).toMatchObject({ rank: 1 });
  });
});
