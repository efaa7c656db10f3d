import { EventEmitter } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Membership } from '@rankd/client';
import { eventually, within } from '@rankd/testkit';
import { BACKLOG_BYTES_MAX, STREAMS_MAX } from '../../../src/programs/local-http/event-streams.js';
import { CONNECTIONS_MAX, REQUEST_MS } from '../../../src/programs/local-http/http-listener.js';
import { COMMANDS_MAX, LocalHttp } from '../../../src/programs/local-http/local-http.js';

const DEADLINE_MS = 60_000;
jest.setTimeout(2 * DEADLINE_MS);

/** A membership whose commands never end. */
class StuckMembership extends EventEmitter {
  readonly rank = 0;
  open = 0;

  async command(_name: string, _args: unknown, { signal }: { readonly signal: AbortSignal }): Promise<never> {
    this.open += 1;
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => {
        this.open -= 1;
        reject(new Error('aborted'));
      });
    });
  }
}

let http: LocalHttp;
let membership: StuckMembership;
let key = '';
let url = '';
const sockets: Socket[] = [];

beforeEach(async () => {
  http = await LocalHttp.listen({ host: '127.0.0.1', port: 0 });
  membership = new StuckMembership();
  const asked = { membership: membership as unknown as Membership, group: 'web' };
  http.answerFor({ ...asked, leads: () => true, resign: async () => Promise.resolve() });
  ({ RANKD_HTTP: url, RANKD_HTTP_KEY: key } = http.variablesForStart());
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await http.close();
});

interface Client {
  readonly socket: Socket;
  readonly closed: Promise<string>;
  /** Everything that arrived. */
  text: string;
}

/** Opens a connection and writes `text`. */
async function open(text = ''): Promise<Client> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  sockets.push(socket);
  const closed = new Promise<string>(resolve => {
    socket.once('close', () => resolve(client.text));
  });
  const client: Client = { socket, closed, text: '' };
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => (client.text += chunk.toString('latin1')));
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  if (text !== '') socket.write(text);
  return client;
}

const requestOf = (line: string, more = ''): string =>
  `${line} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${key}\r\n${more}\r\n`;

async function probe(): Promise<number> {
  return (await within(DEADLINE_MS, 'an answer', fetch(`${url}/leads`))).status;
}

describe('R-PROG-9 an idle client', () => {
  it('keeps no other from its answer, however many there are: the oldest is closed', async () => {
    const idle = [];
    for (let count = 0; count < CONNECTIONS_MAX; count += 1) idle.push(await open());
    const slow = [];
    for (let count = 0; count < CONNECTIONS_MAX; count += 1) slow.push(await open('GET /leads HTTP/1.1\r\nx: '));
    await within(DEADLINE_MS, 'the close of idle clients', Promise.all(idle.map(async ({ closed }) => closed)));
    expect(await probe()).toBe(200);
  });

  it('is closed after the time for a request, also if it sends a byte now and then or no body', async () => {
    const [idle, slow] = [await open(), await open('GET /leads HTTP/1.1\r\n')];
    const bodiless = await open(requestOf('POST /commands/print', 'content-length: 100\r\n'));
    const begun = Date.now();
    const drip = setInterval(() => slow.socket.write('x'), 200);
    const texts = await within(
      DEADLINE_MS,
      'the close',
      Promise.all([idle, slow, bodiless].map(async ({ closed }) => closed)),
    );
    clearInterval(drip);
    expect(Date.now() - begun).toBeGreaterThan(REQUEST_MS - 1000);
    for (const text of texts) expect(text).toMatch(/^HTTP\/1.1 408 .*"code":"REQUEST_TIMEOUT"/s);
    expect(membership.open).toBe(0);
  });
});

describe('R-PROG-9 a connection', () => {
  it('has one request: it closes after the answer', async () => {
    const { closed } = await open(requestOf('GET /leads') + requestOf('GET /self') + requestOf('GET /self'));
    const text = await within(DEADLINE_MS, 'the close', closed);
    expect(text).toMatch(/^HTTP\/1.1 200 OK\r\n.*connection: close\r\n.*\r\n\r\n1$/s);
  });

  it.each([
    ['bytes that are not HTTP', 'hello\r\n\r\n', '400', 'BAD_REQUEST'],
    ['a long head', `GET / HTTP/1.1\r\nx: ${'x'.repeat(20_000)}`, '431', 'HEAD_TOO_LARGE'],
    [
      'a foreign absolute target',
      'GET http://evil.example/self HTTP/1.1\r\nhost: localhost\r\n\r\n',
      '403',
      'FORBIDDEN',
    ],
    ['two hosts', 'GET /self HTTP/1.1\r\nhost: localhost\r\nhost: evil.example\r\n\r\n', '403', 'FORBIDDEN'],
  ])('is answered with JSON and closed: %s', async (_, bytes, status, code) => {
    const { closed } = await open(bytes);
    const text = await within(DEADLINE_MS, 'the close', closed);
    expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} .*"code":"${code}"`, 's'));
  });

  it('is answered although the rest of a refused body does not come', async () => {
    const refused = await open(requestOf('POST /self', 'content-length: 100\r\n'));
    expect(await within(DEADLINE_MS, 'the close', refused.closed)).toMatch(/^HTTP\/1.1 405 /);
  });

  it('without a Host is answered: HTTP/1.0 has none', async () => {
    const { closed } = await open('GET /leads HTTP/1.0\r\n\r\n');
    expect(await within(DEADLINE_MS, 'the close', closed)).toMatch(/^HTTP\/1.1 200 .*\r\n\r\n1$/s);
  });
});

describe('R-PROG-9 open commands', () => {
  it('are limited, and leave room for probes', async () => {
    const clients: Client[] = [];
    for (let count = 0; count < COMMANDS_MAX; count += 1) clients.push(await open(requestOf('POST /commands/print')));
    await eventually(DEADLINE_MS, 'the commands', () => (membership.open === COMMANDS_MAX ? true : undefined));
    const { closed } = await open(requestOf('POST /commands/print'));
    expect(await within(DEADLINE_MS, 'the close', closed)).toMatch(/^HTTP\/1.1 503 .*"code":"FULL"/s);
    expect(await probe()).toBe(200);
    clients[0]?.socket.destroy();
    await eventually(DEADLINE_MS, 'room', () => (membership.open === COMMANDS_MAX - 1 ? true : undefined));
    await open(requestOf('POST /commands/print'));
    await eventually(DEADLINE_MS, 'another', () => (membership.open === COMMANDS_MAX ? true : undefined));
  });
});

describe('R-PROG-9 streams', () => {
  it('are limited, and leave room for probes', async () => {
    const clients: Client[] = [];
    for (let count = 0; count < STREAMS_MAX; count += 1) clients.push(await open(requestOf('GET /events')));
    const isOpen = (): true | undefined =>
      clients.every(({ text }) => text.includes('event: self')) ? true : undefined;
    await eventually(DEADLINE_MS, 'the streams', isOpen);
    const refused = await open(requestOf('GET /events'));
    expect(await within(DEADLINE_MS, 'the close', refused.closed)).toMatch(/^HTTP\/1.1 503 .*"code":"FULL"/s);
    expect(await probe()).toBe(200);
    clients[0]?.socket.end();
    await within(DEADLINE_MS, 'the close', clients[0]?.closed ?? Promise.reject(new Error('no client')));
    const next = await open(requestOf('GET /events'));
    await eventually(DEADLINE_MS, 'another', () => (next.text.includes('event: self') ? true : undefined));
  });

  it('that are not read are closed above their limit, and keep nothing else waiting', async () => {
    const [unread, reading] = [await open(requestOf('GET /events')), await open(requestOf('GET /events'))];
    await eventually(DEADLINE_MS, 'the stream', () => (reading.text.includes('event: self') ? true : undefined));
    unread.socket.pause();
    let isClosed = false;
    void unread.closed.then(() => (isClosed = true));
    const waiting = { position: 1, of: 'x'.repeat(BACKLOG_BYTES_MAX / 8) };
    await eventually(DEADLINE_MS, 'the close', async () => {
      membership.emit('waiting', waiting);
      await new Promise(setImmediate);
      // A paused socket does not see the close.
      return (unread.socket.write('x'), isClosed) ? true : undefined;
    });
    expect(reading.socket.destroyed).toBe(false);
    expect(await probe()).toBe(200);
  });
});
