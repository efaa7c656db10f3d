import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually, VirtualClock } from '@rankd/testkit';
import type { HttpConnection } from '../../../src/observability/http/http-connection.js';
import { HttpListener, UNREAD_BYTES_MAX } from '../../../src/observability/http/http-listener.js';
import type { ServerEvent } from '../../../src/server-event.js';
import { HttpPeer } from './http-peer.js';

/** The limits of the side port, with real sockets and a clock that the test advances. */

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly connection: HttpConnection;
}

const MIB = 1_048_576;
let fixture: ListenerFixture | undefined;
afterEach(async () => await fixture?.dispose());

class ListenerFixture {
  readonly time = new VirtualClock();
  readonly exchanges: Exchange[] = [];
  readonly events: ServerEvent[] = [];
  readonly #peers: HttpPeer[] = [];
  readonly listener: HttpListener;
  #port = 0;

  private constructor(connectionsMax: number) {
    const { time } = this;
    this.listener = new HttpListener({
      clock: {
        wallMs: () => time.nowMs,
        monotonicMs: () => time.nowMs,
        after: (delayMs, run) => time.after(delayMs, run),
        soon: run => void setImmediate(run),
      },
      connectionsMax,
      watch: event => this.events.push(event),
      respond: (request, response, connection) => this.exchanges.push({ request, response, connection }),
    });
  }

  static async start(connectionsMax = 256, host = '127.0.0.1'): Promise<ListenerFixture> {
    fixture = new ListenerFixture(connectionsMax);
    fixture.#port = await fixture.listener.listen(host, 0);
    return fixture;
  }

  async dispose(): Promise<void> {
    for (const { socket } of this.#peers) socket.destroy();
    const closed = this.listener.close(0);
    this.time.pass(0);
    await closed;
  }

  async connect(localAddress?: string): Promise<HttpPeer> {
    const peer = await HttpPeer.connect(this.#port, localAddress);
    this.#peers.push(peer);
    return peer;
  }

  /** Waits for the request of this number. */
  async exchange(index: number): Promise<Exchange> {
    return await eventually(5000, `request ${index}`, () => this.exchanges[index]);
  }

  /** A connection that has sent a request, and reads nothing of an answer of this many bytes. */
  async notReading(bytes: number, localAddress?: string): Promise<{ peer: HttpPeer; connection: HttpConnection }> {
    const peer = (await this.connect(localAddress)).send('/');
    const { response, connection } = await this.exchange(this.exchanges.length);
    response.end(Buffer.alloc(bytes));
    await this.stalled(connection);
    return { peer, connection };
  }

  /** Resolves when the operating system accepts nothing more of the answer. */
  async stalled(connection: HttpConnection): Promise<void> {
    let bytes = -1;
    await eventually(5000, 'a peer that is behind', async () => {
      const before = bytes;
      await new Promise(resolve => setTimeout(resolve, 50));
      bytes = connection.writableLength;
      return connection.writeSinceMs !== undefined && bytes === before ? true : undefined;
    });
  }
}

/** Advances the clock until the server has read everything that was sent. */
async function settle(): Promise<void> {
  for (let count = 0; count < 20; count += 1) await new Promise(resolve => setImmediate(resolve));
}

describe('a request', () => {
  it.each([
    ['nothing', ''],
    ['half a request', 'GET /healthz HTTP/1.1\r\nHost: a'],
    ['half a blank line', 'GET / HTTP/1.1\r\n\r'],
  ])('that is %s is destroyed after 10 s (REQUEST_MS), and not before', async (_what, bytes) => {
    const fixture = await ListenerFixture.start();
    const peer = await fixture.connect();
    peer.socket.write(bytes);
    await settle();
    fixture.time.pass(9999);
    await settle();
    expect(peer.socket.destroyed).toBe(false);
    // More bytes do not extend the time.
    peer.socket.write('x');
    await settle();
    fixture.time.pass(1);
    expect(await peer.untilClosed()).toBe('');
    expect(fixture.exchanges).toEqual([]);
  });

  it('has 10 s again after the previous answer', async () => {
    const fixture = await ListenerFixture.start();
    const peer = (await fixture.connect()).read().send('/');
    fixture.time.pass(9000);
    (await fixture.exchange(0)).response.end('1');
    await peer.untilStatuses(1);
    await settle();
    fixture.time.pass(9000);
    peer.send('/');
    (await fixture.exchange(1)).response.end('2');
    await peer.untilStatuses(2);
    await settle();
    fixture.time.pass(10_000);
    await peer.untilClosed();
  });

  it('is limited to 32,768 bytes (REQUEST_BYTES_MAX), blank lines included', async () => {
    const fixture = await ListenerFixture.start();
    const head = 'GET / HTTP/1.1\r\n\r\n';
    const blank = (bytes: number): string => '\r\n'.repeat(bytes / 2);
    const longest = await fixture.connect();
    longest.socket.write(blank(32_768 - head.length) + head);
    await fixture.exchange(0);
    const longer = await fixture.connect();
    longer.socket.write(blank(32_770 - head.length) + head);
    await longer.untilClosed();
    expect(fixture.exchanges).toHaveLength(1);
  });

  it('that is not HTTP gets 400, and the connection is destroyed 1 s later (LINGER_MS) if the peer does not close', async () => {
    const fixture = await ListenerFixture.start();
    const peer = (await fixture.connect()).read();
    peer.socket.write('hello\r\n\r\n');
    expect(await peer.untilStatuses(1)).toEqual([400]);
    peer.socket.write('x'.repeat(MIB));
    await settle();
    expect(peer.socket.destroyed).toBe(false);
    fixture.time.pass(1000);
    await peer.untilClosed();
  });

  it('with a body is answered, and the connection closes afterwards', async () => {
    const fixture = await ListenerFixture.start();
    const peer = (await fixture.connect()).read();
    peer.socket.write('POST / HTTP/1.1\r\nContent-Length: 1000000\r\n\r\nbody');
    const { response } = await fixture.exchange(0);
    response.shouldKeepAlive = false;
    response.writeHead(405).end('no');
    expect(await peer.untilStatuses(1)).toEqual([405]);
    await settle();
    fixture.time.pass(1000);
    await peer.untilClosed();
    expect(fixture.exchanges).toHaveLength(1);
  });

  it('is answered even if its sender has closed its end', async () => {
    const fixture = await ListenerFixture.start();
    const peer = (await fixture.connect()).read().send('/');
    peer.socket.end();
    const { response, connection } = await fixture.exchange(0);
    await eventually(5000, 'its end', () => (connection.hasPeerEnded ? true : undefined));
    response.end('late');
    expect(await peer.untilClosed()).toContain('late');
  });
});

describe('requests that are pipelined', () => {
  it('are handled one by one: the next one is read after the previous answer was sent', async () => {
    const fixture = await ListenerFixture.start();
    const paths = Array.from({ length: 100 }, (_, index) => `/${index}`);
    const peer = (await fixture.connect()).read().send(...paths);
    for (const [index] of paths.entries()) {
      const { request, response } = await fixture.exchange(index);
      if (index < 3) await settle();
      expect(fixture.exchanges).toHaveLength(index + 1);
      response.end(`<${request.url}>`);
    }
    await peer.untilStatuses(paths.length);
    expect([...peer.text.matchAll(/<(.*?)>/g)].map(([, path]) => path)).toEqual(paths);
  });

  it('stay unread while their sender does not read: one answer waits, and some 64 KiB of requests', async () => {
    const fixture = await ListenerFixture.start();
    const { peer, connection } = await fixture.notReading(8 * MIB);
    for (let count = 0; count < 100; count += 1) peer.send(...Array.from({ length: 2000 }, () => '/'));
    await settle();
    expect(fixture.exchanges).toHaveLength(1);
    expect(connection.readableLength).toBeLessThanOrEqual(16);
  });

  it('of several peers are handled one in each iteration of the event loop', async () => {
    const fixture = await ListenerFixture.start();
    const peers = await Promise.all(Array.from({ length: 10 }, async () => await fixture.connect()));
    for (const peer of peers) peer.send('/');
    await eventually(5000, 'the first request', () => (fixture.exchanges.length > 0 ? true : undefined));
    for (let seen = fixture.exchanges.length; seen < peers.length;) {
      await new Promise(resolve => setImmediate(resolve));
      expect(fixture.exchanges.length - seen).toBeLessThanOrEqual(1);
      seen = fixture.exchanges.length;
    }
  });
});

describe('an answer', () => {
  it('is destroyed if the peer accepts none of it for 10 s (ANSWER_STALL_MS), and not before', async () => {
    const fixture = await ListenerFixture.start();
    const { peer, connection } = await fixture.notReading(16 * MIB);
    fixture.time.pass(9999);
    expect(connection.destroyed).toBe(false);
    fixture.time.pass(1);
    expect(connection.destroyed).toBe(true);
    await peer.untilClosed();
  });

  it('has another 10 s whenever the peer accepts more of it', async () => {
    const fixture = await ListenerFixture.start();
    const { peer, connection } = await fixture.notReading(16 * MIB);
    fixture.time.pass(9000);
    peer.read();
    await eventually(10_000, 'the whole answer', () => (peer.text.length > 16 * MIB ? true : undefined));
    await settle();
    fixture.time.pass(9000);
    expect(connection.destroyed).toBe(false);
  });

  it('that is not ready within 10 s is not awaited any longer', async () => {
    const fixture = await ListenerFixture.start();
    const peer = (await fixture.connect()).send('/');
    await fixture.exchange(0);
    fixture.time.pass(10_000);
    await peer.untilClosed();
  });
});

describe('connections', () => {
  it('of one IPv4 address are one address also if the port listens on IPv6', async () => {
    const fixture = await ListenerFixture.start(2, '::');
    await fixture.connect();
    await (await fixture.connect()).untilClosed();
    expect(fixture.events).toEqual([{ event: 'http.refused', address: '127.0.0.1', connections: 1 }]);
  });

  it('are limited to RANKD_HTTP_CONNECTIONS_MAX in total; one more gets 503 in JSON at once, until one closes', async () => {
    const fixture = await ListenerFixture.start(4);
    const peers: HttpPeer[] = [];
    for (let host = 1; host <= 4; host += 1) peers.push((await fixture.connect(`127.0.0.${host}`)).read().send('/'));
    await fixture.exchange(3);
    const fifth = (await fixture.connect('127.0.0.5')).read();
    expect(await fifth.untilStatuses(1)).toEqual([503]);
    const [head = '', body = ''] = fifth.text.split('\r\n\r\n');
    expect(head).toMatch(/^connection: close$/im);
    expect(head).toMatch(/^content-security-policy: default-src 'none'/im);
    expect(JSON.parse(body)).toEqual({ code: 'FULL', message: expect.stringContaining('RANKD_HTTP_CONNECTIONS_MAX') });
    expect(fixture.events).toEqual([{ event: 'http.refused', address: '127.0.0.5', connections: 4 }]);
    for (const { response } of fixture.exchanges) response.end();
    for (const { socket } of peers) socket.end();
    await Promise.all(peers.map(async peer => await peer.untilClosed()));
    (await fixture.connect('127.0.0.5')).send('/');
    await fixture.exchange(4);
  });

  it('of one address are limited to the free connections, half of all if it is alone; another address finds room', async () => {
    const fixture = await ListenerFixture.start(16);
    const refusedOf = async (host: string, count: number): Promise<number[]> => {
      const peers = await Promise.all(Array.from({ length: count }, async () => (await fixture.connect(host)).read()));
      for (const peer of peers) peer.send('/');
      await settle();
      return peers.flatMap(({ statuses }) => statuses);
    };
    expect(await refusedOf('127.0.0.1', 8)).toEqual([]);
    expect(await refusedOf('127.0.0.1', 1)).toEqual([503]);
    expect(await refusedOf('127.0.0.2', 4)).toEqual([]);
    expect(await refusedOf('127.0.0.2', 1)).toEqual([503]);
    expect(await refusedOf('127.0.0.3', 2)).toEqual([]);
    expect(await refusedOf('127.0.0.4', 1)).toEqual([]);
  });

  it('that are refused are destroyed after 1 s (REFUSED_MS), or at once past the limit of refused connections', async () => {
    const fixture = await ListenerFixture.start(2);
    (await fixture.connect()).send('/');
    await fixture.exchange(0);
    const [waiting, atOnce] = [(await fixture.connect()).read(), (await fixture.connect()).read()];
    await atOnce.untilClosed();
    expect(atOnce.statuses).toEqual([503]);
    expect([await waiting.untilStatuses(1), waiting.socket.destroyed]).toEqual([[503], false]);
    fixture.time.pass(1000);
    await waiting.untilClosed();
  });
});

describe('answers that peers have not read', () => {
  const waitingBytes = (connections: readonly HttpConnection[]): number =>
    connections.reduce((sum, { destroyed, writableLength }) => sum + (destroyed ? 0 : writableLength), 0);

  it('are limited to 32 MiB over all connections (UNREAD_BYTES_MAX): the connection that is behind for longest is closed', async () => {
    const fixture = await ListenerFixture.start();
    const connections: HttpConnection[] = [];
    for (let count = 0; count < 8; count += 1) {
      connections.push((await fixture.notReading(8 * MIB)).connection);
      fixture.time.pass(1000);
      expect(waitingBytes(connections)).toBeLessThanOrEqual(UNREAD_BYTES_MAX);
    }
    const isGone = connections.map(({ destroyed }) => destroyed);
    expect(isGone).toEqual([...isGone].sort().reverse());
    expect(isGone.filter(Boolean).length).toBeGreaterThan(0);
    expect(isGone.at(-1)).toBe(false);
  });

  it('may exceed the limit if one answer alone is longer', async () => {
    const fixture = await ListenerFixture.start();
    const { peer, connection } = await fixture.notReading(UNREAD_BYTES_MAX + 8 * MIB);
    expect(connection.destroyed).toBe(false);
    peer.read();
    await eventually(20_000, 'all bytes', () => (peer.text.length > UNREAD_BYTES_MAX + 8 * MIB ? true : undefined));
  }, 30_000);

  it('include the bytes that a stream has not sent yet', async () => {
    const fixture = await ListenerFixture.start();
    const connections: HttpConnection[] = [];
    for (let count = 0; count < 5; count += 1) {
      (await fixture.connect()).send('/');
      const { response, connection } = await fixture.exchange(count);
      connection.startStream();
      for (let events = 0; events < 128; events += 1) response.write(Buffer.alloc(65_536));
      connections.push(connection);
      expect(waitingBytes(connections)).toBeLessThanOrEqual(UNREAD_BYTES_MAX);
    }
    expect([connections[0]?.destroyed, connections.at(-1)?.destroyed]).toEqual([true, false]);
  });
});

describe('a port that closes', () => {
  it('ends streams, waits for the given grace, and destroys the other connections at once', async () => {
    const fixture = await ListenerFixture.start();
    const [reading, stalled, asking, silent] = await Promise.all([1, 2, 3, 4].map(async () => await fixture.connect()));
    if (!reading || !stalled || !asking || !silent) throw new Error('no connection');
    for (const [index, peer] of [reading.read(), stalled].entries()) {
      peer.send('/');
      const { response, connection } = await fixture.exchange(index);
      connection.startStream();
      response.shouldKeepAlive = false;
      response.write(Buffer.alloc(8 * MIB));
      response.end('the end');
    }
    asking.send('/');
    await fixture.exchange(2);
    const closed = fixture.listener.close(500);
    await Promise.all([asking.untilClosed(), silent.untilClosed()]);
    expect(await reading.untilClosed()).toContain('the end');
    const isOpen = (): boolean | undefined => fixture.exchanges[1]?.connection.destroyed === false;
    expect(isOpen()).toBe(true);
    fixture.time.pass(499);
    expect(isOpen()).toBe(true);
    fixture.time.pass(1);
    expect(isOpen()).toBe(false);
    await closed;
  });
});
