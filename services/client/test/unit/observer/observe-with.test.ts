import { beforeEach, describe, expect, it } from '@jest/globals';
import { observeWith } from '../../../src/observer/observe.js';
import type { Observer } from '../../../src/observer/observer.js';
import type { RankdError } from '../../../src/rankd-error.js';
import { InMemoryServer } from '../in-memory-server.js';

const URL = 'rankd://in-memory';
const DEAD_MS = 6000;
const CONNECT_MS = 5000;
const WELCOME_MS = 10_000;
const welcome = {
  ...{ type: 'welcome', protocol: 1, features: [], server: 's1', role: 'observer', group: 'default' },
  ...{ size: 0, leader: null, membersMax: 100, epoch: 70, view: 4, seq: 9 },
  ...{ heartbeatMs: 1500, suspendMs: 4500, deadMs: DEAD_MS, frameBytesMax: 65_536 },
};

let server: InMemoryServer;
let ended: unknown[];

beforeEach(() => {
  server = new InMemoryServer();
  ended = [];
});

/** Observes, and makes the server send the welcome. */
async function observeWelcomed(): Promise<Observer> {
  const observed = observeWith(server.environment, URL);
  await server.advance(0);
  server.connection.send(welcome);
  await server.advance(0);
  const observer = await observed;
  observer.on('closed', ({ code }) => ended.push([code, server.nowMs]));
  return observer;
}

describe('an observer in a test environment, on a manual clock', () => {
  it('ends its session when the server has been silent for deadMs, and not 1 ms earlier', async () => {
    await observeWelcomed();
    await server.advance(DEAD_MS - 1);
    expect(ended).toEqual([]);
    await server.advance(1);
    expect(ended).toEqual([['NOT_CONNECTED', DEAD_MS]]);
  });

  it('counts the silence from the last message, and answers each heartbeat', async () => {
    await observeWelcomed();
    for (let n = 1; n <= 10; n += 1) {
      await server.advance(DEAD_MS - 1);
      server.connection.send({ type: 'ping', n, seen: n - 1 });
      await server.advance(0);
    }
    const pongs = server.connection.received.filter(({ type }) => type === 'pong').map(({ n }) => n);
    expect(pongs).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(ended).toEqual([]);
    await server.advance(DEAD_MS);
    expect(ended).toEqual([['NOT_CONNECTED', 10 * (DEAD_MS - 1) + DEAD_MS]]);
  });

  it('R-LIFE-1 measures the round trip of each ping, whatever the order of the answers', async () => {
    const observer = await observeWelcomed();
    const trips = [observer.ping(), observer.ping()];
    await server.advance(20);
    server.connection.send({ type: 'pong', n: 2 });
    await server.advance(0);
    await server.advance(15);
    // Answers that no ping waits for.
    for (const n of [undefined, 2, 7]) server.connection.send({ type: 'pong', n });
    server.connection.send({ type: 'pong', n: 1 });
    await server.advance(0);
    expect(await Promise.all(trips)).toEqual([35, 20]);
  });

  it('R-PACE-1 rejects a ping that the server refuses, and every open ping when the session ends', async () => {
    const observer = await observeWelcomed();
    const trips = [observer.ping(), observer.ping()].map(trip =>
      trip.catch((error: unknown) => (error as RankdError).code),
    );
    await server.advance(0);
    server.connection.send({ type: 'error', code: 'RATE_LIMITED', message: 'too many pings' });
    await server.advance(0);
    observer.close();
    expect(await Promise.all(trips)).toEqual(['RATE_LIMITED', 'LEFT']);
    await expect(observer.ping()).rejects.toMatchObject({ code: 'NOT_CONNECTED' });
  });

  it('leaves no timer after it closes', async () => {
    const observer = await observeWelcomed();
    observer.close();
    await server.advance(2 * DEAD_MS);
    expect(ended).toEqual([['LEFT', 0]]);
  });

  it('tries each server of the URL once, and rejects with the error of the first', async () => {
    server.mode = 'refuse';
    const observed = observeWith(server.environment, 'rankd://one,rankd://two');
    await expect(observed).rejects.toMatchObject({ code: 'CONNECT_FAILED', message: expect.stringContaining('one') });
  });

  it('rejects after 10 s if the server accepts the connection and sends no welcome', async () => {
    const observed = observeWith(server.environment, URL);
    const rejected = expect(observed).rejects.toMatchObject({ code: 'CONNECT_FAILED' });
    await server.advance(WELCOME_MS - 1);
    expect(server.connections).toHaveLength(1);
    await server.advance(1);
    await rejected;
    expect(server.nowMs).toBe(WELCOME_MS);
  });

  it('rejects after 5 s if no connection opens', async () => {
    const connect = async (_address: unknown, _tls: unknown, signal: AbortSignal): Promise<never> =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));
    const observed = observeWith({ ...server.environment, connect }, URL);
    const rejected = expect(observed).rejects.toMatchObject({
      code: 'CONNECT_FAILED',
      message: expect.stringContaining(`no connection within ${CONNECT_MS} ms`),
    });
    await server.advance(CONNECT_MS);
    await rejected;
    expect(server.nowMs).toBe(CONNECT_MS);
  });
});

const receipt = { type: 'receipt', accepted: true, seq: 10, view: 4, recipients: 2, refused: [], refusedCount: 0 };
const ann = { member: 'm1', rank: 0, name: 'ann' };

/** Sends a command for all members. Returns what arrives about it, and the id that the observer gave it. */
function command(observer: Observer): { readonly heard: unknown[]; readonly sheet: Promise<unknown> } {
  const heard: unknown[] = [];
  const sheet = observer.command({
    name: 'go',
    argsJson: '{"b":12345678901234567890,"1":1E400}',
    to: 'all',
    onReceipt: ({ recipients }) => heard.push(recipients),
    onResult: ({ from, status }, valueJson) => heard.push([from.name, status, valueJson]),
  });
  return { heard, sheet };
}

describe('an observer whose session ends before an answer', () => {
  it('rejects a command with OUTCOME_UNKNOWN, after the results that had arrived', async () => {
    const observer = await observeWelcomed();
    const { heard, sheet } = command(observer);
    const rejected = expect(sheet).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN', retry: false });
    await server.advance(0);
    server.connection.send({ ...receipt, id: '1' });
    server.connection.send({ type: 'result', id: '1', seq: 10, from: ann, status: 'done', value: 1, ms: 3 });
    server.connection.close();
    await server.advance(0);
    await rejected;
    expect(heard).toEqual([2, ['ann', 'done', '1']]);
  });

  it.each([
    ['a command without a receipt', (observer: Observer) => command(observer).sheet],
    ['a move', (observer: Observer) => observer.move('m1', 1)],
    ['a removal', (observer: Observer) => observer.remove('m1')],
  ])('rejects %s with OUTCOME_UNKNOWN', async (_what, call) => {
    const rejected = expect(call(await observeWelcomed())).rejects.toMatchObject({
      code: 'OUTCOME_UNKNOWN',
      message: expect.stringContaining('NOT_CONNECTED'),
      retry: false,
    });
    await server.advance(0);
    server.connection.close();
    await server.advance(0);
    await rejected;
  });

  it('rejects a query with the reason, because a query changes nothing', async () => {
    const observer = await observeWelcomed();
    const rejected = expect(observer.roster()).rejects.toMatchObject({ code: 'NOT_CONNECTED' });
    await server.advance(0);
    server.connection.close();
    await server.advance(0);
    await rejected;
  });

  it('rejects every later call with NOT_CONNECTED: nothing is sent, so nothing is unknown', async () => {
    const observer = await observeWelcomed();
    server.connection.close();
    await server.advance(0);
    const calls = [
      observer.roster(),
      observer.history(1),
      observer.move('m1', 0),
      observer.remove('m1'),
      command(observer).sheet,
    ];
    for (const each of calls) await expect(each).rejects.toMatchObject({ code: 'NOT_CONNECTED', retry: true });
  });
});

describe('the payloads of an observer', () => {
  it('pass as text: arguments go out and values come in as they were written', async () => {
    const observer = await observeWelcomed();
    const { heard, sheet } = command(observer);
    await server.advance(0);
    expect(server.connection.receivedText).toContain('"args":{"b":12345678901234567890,"1":1E400}}');
    server.connection.send({ ...receipt, id: '1' });
    for (const value of ['9007199254740993', '-0', '{"z":1,"10":2,"2":3}', '{"a":1,"a":2}', '"value\\":1"']) {
      const from = JSON.stringify(ann);
      server.connection.sendText(
        `{"type":"result","id":"1","seq":10,"from":${from},"status":"done","value":${value},"ms":3}`,
      );
    }
    const counts = { recipients: 5, done: 5, failed: 0, refused: 0, expired: 0, left: 0 };
    server.connection.send({ type: 'outcome', id: '1', seq: 10, ...counts, missing: [], ms: 3 });
    await server.advance(0);
    await sheet;
    expect(heard.slice(1)).toEqual(
      ['9007199254740993', '-0', '{"z":1,"10":2,"2":3}', '{"a":1,"a":2}', '"value\\":1"'].map(value => [
        'ann',
        'done',
        value,
      ]),
    );
  });
});
