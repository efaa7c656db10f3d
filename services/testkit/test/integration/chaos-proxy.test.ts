import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ChaosProxy, eventually, within } from '@rankd/testkit';

const DEADLINE_MS = 5000;

/** One end of a connection, with the bytes that arrived and how it ended. */
class End {
  readonly socket: Socket;
  text = '';
  pieces = 0;
  ends: ('fin' | 'rst')[] = [];

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', bytes => {
      this.text += bytes.toString();
      this.pieces += 1;
    });
    socket.on('end', () => this.ends.push('fin'));
    socket.on('error', () => this.ends.push('rst'));
  }

  async has(text: string): Promise<void> {
    await eventually(DEADLINE_MS, text, () => (this.text === text ? true : undefined));
  }

  async hasEnded(how: 'fin' | 'rst'): Promise<void> {
    await eventually(DEADLINE_MS, how, () => (this.ends.includes(how) ? true : undefined));
  }
}

let target: Server;
let proxy: ChaosProxy;
let client: End;
let server: End;

beforeEach(async () => {
  target = createServer({ allowHalfOpen: true });
  await new Promise<void>(resolve => target.listen(0, '127.0.0.1', resolve));
  proxy = await ChaosProxy.open((target.address() as AddressInfo).port);
  [client, server] = await pair();
});
afterEach(async () => {
  for (const { socket } of [client, server]) socket.destroy();
  await proxy.dispose();
  target.close();
});

async function pair(): Promise<[End, End]> {
  const accepted = once(target, 'connection') as Promise<[Socket]>;
  const client = new End(connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true }));
  const [socket] = await within(DEADLINE_MS, 'connection', accepted);
  return [client, new End(socket)];
}

describe('the chaos proxy', () => {
  it('passes bytes and ends in both directions', async () => {
    client.socket.write('hi');
    await server.has('hi');
    server.socket.write('ho');
    await client.has('ho');
    client.socket.end();
    await server.hasEnded('fin');
    server.socket.write('!');
    await client.has('ho!');
    server.socket.end();
    await client.hasEnded('fin');
  });

  it('holds one direction, including its end, and passes it later in order', async () => {
    proxy.treat('toServer', 'hold');
    client.socket.write('a');
    client.socket.write('b');
    client.socket.end();
    server.socket.write('ho');
    await client.has('ho');
    expect([server.text, server.ends]).toEqual(['', []]);
    proxy.treat('toServer', 'pass');
    await server.has('ab');
    await server.hasEnded('fin');
  });

  it('drops the bytes of one direction, and both sockets stay open', async () => {
    proxy.treat('toClient', 'drop');
    server.socket.write('lost');
    client.socket.write('hi');
    await server.has('hi');
    // Bytes arrive in order: when the next ones arrive, the proxy has dropped the earlier ones.
    proxy.treat('toClient', 'pass');
    server.socket.write('kept');
    await client.has('kept');
    expect([client.ends, server.ends]).toEqual([[], []]);
  });

  it('resets both sides', async () => {
    client.socket.write('hi');
    await server.has('hi');
    proxy.reset();
    await Promise.all([client.hasEnded('rst'), server.hasEnded('rst')]);
  });

  it('closes one direction only', async () => {
    proxy.halfClose('toServer');
    await server.hasEnded('fin');
    server.socket.write('ho');
    await client.has('ho');
    expect(client.ends).toEqual([]);
  });

  it('passes a reset as a reset', async () => {
    client.socket.write('hi');
    await server.has('hi');
    client.socket.resetAndDestroy();
    await server.hasEnded('rst');
  });

  it('passes byte by byte, and delays', async () => {
    proxy.pace('toServer', { pieceBytes: 1 });
    proxy.pace('toClient', { delayMs: 100 });
    client.socket.write('dribble');
    await server.has('dribble');
    expect(server.pieces).toBeGreaterThan(1);
    const sentMs = performance.now();
    server.socket.write('late');
    await client.has('late');
    expect(performance.now() - sentMs).toBeGreaterThanOrEqual(99);
    proxy.pace('toClient', {});
    server.socket.write(' and soon');
    await client.has('late and soon');
  });
});
