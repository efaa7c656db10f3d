import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '@rankd/testkit';
import { forwardEvents, TcpConnection } from '../../../src/gateway/transport/tcp-connection.js';
import { TcpListener } from '../../../src/gateway/transport/tcp-listener.js';

/** The limits of a connection outside the protocol, with real sockets and a clock that the test advances. */

const LINGER_MS = 1000;
const WRITE_BYTES = 262_144;

let server: Server;
let ours: Socket;
let theirs: Socket;

/** Timeouts expire when the test advances the clock. Everything else that a real socket needs continues by itself. */
function fakeTimeouts(): void {
  jest.useFakeTimers({
    doNotFake: ['Date', 'performance', 'nextTick', 'queueMicrotask', 'setImmediate', 'setInterval'],
  });
}

beforeEach(async () => {
  server = createServer({ allowHalfOpen: true });
  const connected = once(server.listen(0, '127.0.0.1'), 'connection');
  await once(server, 'listening');
  theirs = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
  [ours] = (await connected) as [Socket];
});
afterEach(() => {
  jest.useRealTimers();
  jest.restoreAllMocks();
  for (const socket of [ours, theirs]) socket.destroy();
  server.close();
});

describe('a connection that is ended', () => {
  it('waits up to 1 s for the other end to close', () => {
    fakeTimeouts();
    new TcpConnection(ours).end();
    jest.advanceTimersByTime(LINGER_MS - 1);
    expect(ours.destroyed).toBe(false);
    jest.advanceTimersByTime(1);
    expect(ours.destroyed).toBe(true);
  });

  it('leaves no timer when the other end has closed', async () => {
    fakeTimeouts();
    new TcpConnection(ours).end();
    expect(jest.getTimerCount()).toBe(1);
    theirs.end();
    await once(ours.resume(), 'close');
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('a connection that its peer ends while it leaves 16 MiB unread', () => {
  const BYTES = 16 * 1_048_576;
  let closedBy: string[];

  beforeEach(async () => {
    closedBy = [];
    forwardEvents(ours, {
      receiveBytes: () => undefined,
      endClosed: by => closedBy.push(by),
      refuse: () => undefined,
    });
    fakeTimeouts();
    ours.write(Buffer.alloc(BYTES));
    theirs.end();
    await once(ours, 'end');
  });

  it('is destroyed 1 s later, and not before', () => {
    expect(closedBy).toEqual(['peer']);
    jest.advanceTimersByTime(LINGER_MS - 1);
    expect(ours.destroyed).toBe(false);
    jest.advanceTimersByTime(1);
    expect(ours.destroyed).toBe(true);
  });

  it('sends everything if the peer continues to read', async () => {
    let bytes = 0;
    theirs.on('data', (chunk: Buffer) => (bytes += chunk.length));
    await once(theirs, 'end');
    expect(bytes).toBe(BYTES);
    if (!ours.closed) await once(ours, 'close');
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('a write', () => {
  const sizes = (): number[] => writes.mock.calls.map(([bytes]) => (bytes as Buffer).length);
  let writes: jest.SpiedFunction<Socket['write']>;

  beforeEach(() => {
    writes = jest.spyOn(ours, 'write');
    theirs.resume();
  });

  it.each([WRITE_BYTES - 1, WRITE_BYTES])('of %d bytes reaches the operating system in one call', bytes => {
    new TcpConnection(ours).write(Buffer.alloc(bytes));
    expect(sizes()).toEqual([bytes]);
  });

  it('of one byte more needs two calls', async () => {
    new TcpConnection(ours).write(Buffer.alloc(WRITE_BYTES + 1));
    await eventually(5000, 'two writes', () => (writes.mock.calls.length === 2 ? true : undefined));
    expect(sizes()).toEqual([WRITE_BYTES, 1]);
  });
});

it('R-JOIN-1 the operating system checks a session without heartbeats after 15 s of silence', () => {
  const keepAlive = jest.spyOn(ours, 'setKeepAlive');
  new TcpConnection(ours).keepAlive();
  expect(keepAlive.mock.calls).toEqual([[true, 15_000]]);
});

describe('a listener', () => {
  it('allows 4096 connections to wait for acceptance', async () => {
    const quiet = createServer();
    const listen = jest.spyOn(quiet, 'listen');
    const listener = new TcpListener(quiet);
    await listener.listen('127.0.0.1', 0);
    expect(listen.mock.calls[0]?.[0]).toMatchObject({ backlog: 4096 });
    await listener.close(0);
  });

  it('gives connections the grace to end, and then destroys them', async () => {
    const listening = createServer();
    const listener = new TcpListener(listening);
    const accepted = once(listening, 'connection');
    const peer = connect({ port: await listener.listen('127.0.0.1', 0), host: '127.0.0.1' });
    const [held] = (await accepted) as [Socket];
    fakeTimeouts();
    const closed = listener.close(1000);
    jest.advanceTimersByTime(999);
    expect(held.destroyed).toBe(false);
    jest.advanceTimersByTime(1);
    expect(held.destroyed).toBe(true);
    await closed;
    peer.destroy();
  });
});
