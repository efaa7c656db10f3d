/** How long the library waits for a server, and how large a frame it accepts: at each limit and past it. */

import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { within } from '@rankd/testkit';
import { systemEnvironment } from '../../../src/client-environment.js';
import { systemClock, type Timer } from '../../../src/clock.js';
import { Connection } from '../../../src/connection/connection.js';
import { join } from '../../../src/join.js';
import type { Membership } from '../../../src/membership.js';
import { RankdError } from '../../../src/rankd-error.js';
import { welcomeOf } from '../../unit/messages.js';
import { DEADLINE_MS } from '../fleet.js';
import { ScriptedCoordinator } from '../../unit/in-process/scripted-coordinator.js';

const CONNECT_MS = 5000;
const WELCOME_MS = 10_000;
const LEAVE_ANSWER_MS = 1000;
const FRAME_BYTES_MAX = 16 * 1024 * 1024;

let coordinator: ScriptedCoordinator;
beforeEach(async () => {
  coordinator = await ScriptedCoordinator.open();
});
afterEach(() => {
  jest.useRealTimers();
  jest.restoreAllMocks();
  coordinator.dispose();
});

/** Replaces the timeouts by fake ones, which the test advances. All other timers of a real socket run by themselves. */
function fakeTimeouts(): void {
  jest.useFakeTimers({
    doNotFake: ['Date', 'performance', 'nextTick', 'queueMicrotask', 'setImmediate', 'setInterval'],
  });
}

const noSignal = (): AbortSignal => new AbortController().signal;

interface Opened {
  readonly connection: Connection;
  readonly took: string[];
  readonly ended: Promise<RankdError>;
  readonly ends: RankdError[];
}

/** Opens a connection in real time and sends the hello. If the time is `faked`, it passes from then on only when the test says so. */
async function greet(time: 'real' | 'faked'): Promise<Opened> {
  const address = { host: '127.0.0.1', port: coordinator.port, transport: 'tcp' } as const;
  const connection = await Connection.open(
    address,
    { tls: {}, dial: undefined },
    noSignal(),
    DEADLINE_MS,
    systemEnvironment,
  );
  if (time === 'faked') fakeTimeouts();
  const ends: RankdError[] = [];
  const took: string[] = [];
  const ended = new Promise<RankdError>(resolve => {
    connection.sendHello(
      { type: 'hello', protocol: 1 },
      {
        handleWelcome: () => took.push('welcome'),
        handleMessage: ({ type }) => took.push(type),
        handleEnd: error => {
          ends.push(error);
          resolve(error);
        },
      },
    );
  });
  return { connection, took, ended, ends };
}

describe('a connection', () => {
  let silent: Server;
  beforeEach(async () => {
    silent = createServer(socket => socket.on('error', () => undefined));
    await once(silent.listen(0, '127.0.0.1'), 'listening');
  });
  afterEach(() => void silent.close());

  it.each([
    [60_000, CONNECT_MS],
    [CONNECT_MS, CONNECT_MS],
    [CONNECT_MS - 1, CONNECT_MS - 1],
    [0, 0],
  ])('within %d ms is waited for %d ms, and then abandoned', async (withinMs, connectMs) => {
    const timers: { readonly delayMs: number; readonly run: () => void }[] = [];
    const after = (delayMs: number, run: () => void): Timer => {
      timers.push({ delayMs, run });
      return { cancel: () => undefined };
    };
    const environment = { ...systemEnvironment, clock: { ...systemClock, after } };
    // This server accepts the connection and does not answer the TLS handshake.
    const address = { host: '127.0.0.1', port: (silent.address() as AddressInfo).port, transport: 'tls' } as const;
    const opening = Connection.open(address, { tls: {}, dial: undefined }, noSignal(), withinMs, environment);
    expect(timers.map(({ delayMs }) => delayMs)).toEqual([connectMs]);
    timers[0]?.run();
    await expect(opening).rejects.toMatchObject({
      code: 'CONNECT_FAILED',
      message: expect.stringContaining(`no connection within ${connectMs} ms`),
    });
  });
});

describe('a welcome', () => {
  it('is waited for 10 s, and no longer', async () => {
    const { ends } = await greet('faked');
    jest.advanceTimersByTime(WELCOME_MS - 1);
    expect(ends).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(ends).toMatchObject([{ code: 'CONNECT_FAILED', message: expect.stringContaining('no welcome arrived') }]);
  });

  it('is waited for without a limit on the waitlist', async () => {
    const { connection, took, ends } = await greet('faked');
    coordinator.send({ type: 'waiting', position: 1 });
    while (took.length === 0) await new Promise(resolve => setImmediate(resolve));
    jest.advanceTimersByTime(100 * WELCOME_MS);
    expect(ends).toEqual([]);
    connection.end(new RankdError('LEFT'));
  });
});

describe('a frame of the server', () => {
  const frameOf = (bytes: number): object => {
    const frame = { type: 'waiting', position: 1, more: '' };
    return { ...frame, more: 'x'.repeat(bytes - JSON.stringify(frame).length) };
  };

  it('of 16 MiB is accepted, and one byte more ends the session', async () => {
    const { took, ended } = await greet('real');
    coordinator.send(frameOf(FRAME_BYTES_MAX));
    coordinator.send(frameOf(FRAME_BYTES_MAX + 1));
    await expect(within(DEADLINE_MS, 'the end', ended)).resolves.toMatchObject({ code: 'BAD_FRAME' });
    expect(took).toEqual(['waiting']);
  });
});

describe('a leave', () => {
  async function joined(): Promise<Membership> {
    const joining = join(`rankd://127.0.0.1:${coordinator.port}`);
    await coordinator.untilReceived('hello');
    coordinator.send(welcomeOf());
    return await joining;
  }

  it('without an answer is waited for 1 s, and no longer', async () => {
    const me = await joined();
    const startedMs = performance.now();
    await within(DEADLINE_MS, 'leaving', me.leave());
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(LEAVE_ANSWER_MS - 2);
    expect([coordinator.receivedTypes.includes('leave'), me.isClosed]).toEqual([true, true]);
  });
});
