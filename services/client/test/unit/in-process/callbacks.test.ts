import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest } from '@jest/globals';
import type { Duplex } from 'node:stream';
import type { JoinOptions, ListenerError, Logger, Membership, ServerAddress } from '@rankd/client';
import { InProcessFleet } from '@rankd/testkit/in-process';
import { silentLogger } from '../../../src/logger.js';
import { DEADLINE_MS, timedIt } from './fixture.js';
import { failures, recordErrors, recordRethrown, serverEnv } from './failing-functions.js';

const fleet = new InProcessFleet();
const it = timedIt(fleet);
let port: number;
let group: string;
let rethrown: unknown[];

beforeAll(async () => {
  ({ port } = await fleet.server(serverEnv));
});
afterAll(() => fleet.dispose());
beforeEach(() => {
  group = fleet.newGroup();
  rethrown = recordRethrown();
});
afterEach(() => {
  jest.restoreAllMocks();
});

const join = (options: JoinOptions = {}, at = port): Promise<Membership> =>
  fleet.join(at, { token: 'open', group, ...options });

async function eventually(what: string, isTrue: () => boolean): Promise<void> {
  await fleet.time.eventually(DEADLINE_MS, what, () => (isTrue() ? true : undefined));
}

describe.each(failures)('a logger that %s', (_how, failing) => {
  it('keeps the membership from nothing: it reconnects, is promoted, and has its partitions again', async () => {
    const proxy = fleet.proxy(port);
    const write = failing(new Error('disk full'));
    const logger = { debug: write, info: write, warn: write, error: write } as unknown as Logger;
    let failed = 0;
    const lost = jest.fn();
    const acquire = (): void => {
      failed += 1;
      if (failed % 2 === 1) throw new Error('no database');
    };
    let errors: ListenerError[] = [];
    const prepare = (me: Membership): void => void (errors = recordErrors(me));
    const ann = await join({ name: 'ann', updates: 'roster' });
    const bob = await join({ name: 'bob', logger, prepare, updates: 'roster' }, proxy.port);
    const partitions = bob.partitions(1, { acquire, lost }, { handoverMs: 0 });
    await ann.leave();
    await eventually('the partition', () => failed === 2 && partitions.holds(0));
    const back = fleet.next(bob, 'joined', ({ resumed }) => resumed);
    proxy.reset();
    await back;
    await eventually('the partition again', () => failed === 4 && partitions.holds(0));
    expect([bob.rank, lost.mock.calls.length]).toEqual([0, 1]);
    expect(new Set(errors.map(({ source }) => source))).toEqual(new Set(['logger', 'acquire']));
    await bob.leave();
  });
});

describe.each(failures)('a handler of partitions that %s', (_how, failing) => {
  it.each<[string, Logger | undefined]>([
    ['without a logger', undefined],
    ['with a logger', silentLogger],
  ])('has its error emitted, and the partition is acquired again: %s', async (_with, logger) => {
    const boom = new Error('boom');
    const proxy = fleet.proxy(port);
    const ann = await join({ updates: 'roster', ...(logger === undefined ? {} : { logger }) }, proxy.port);
    const errors = recordErrors(ann);
    let acquired = 0;
    const acquire = (): unknown => {
      acquired += 1;
      return acquired === 1 ? failing(boom)() : undefined;
    };
    const handlers = { acquire, release: failing(boom), lost: failing(boom) };
    const partitions = ann.partitions(1, handlers, { handoverMs: 100 });
    await eventually('the partition', () => acquired === 2 && partitions.holds(0));
    const lost = fleet.next(ann, 'listenerError', ({ source }) => source === 'lost');
    proxy.reset();
    await lost;
    await eventually('the partition again', () => acquired === 3 && partitions.holds(0));
    await ann.leave();
    const sources = errors.map(({ source }) => source);
    expect([sources, errors[0]?.error, rethrown]).toEqual([['acquire', 'lost', 'release'], boom, []]);
  });

  it('has its error thrown if there is neither a logger nor a listener', async () => {
    const boom = new Error('boom');
    const ann = await join({ updates: 'roster' });
    let acquired = 0;
    const acquire = (): unknown => {
      acquired += 1;
      return acquired === 1 ? failing(boom)() : undefined;
    };
    const partitions = ann.partitions(1, { acquire });
    await eventually('the partition', () => acquired === 2 && partitions.holds(0));
    expect(rethrown).toEqual([boom]);
    await ann.leave();
  });
});

describe.each(failures)('an abort listener that %s', (_how, failing) => {
  it.each<[string, (signal: AbortSignal, listener: () => void) => void]>([
    ['added', (signal, listener) => signal.addEventListener('abort', listener)],
    ['added as an object', (signal, listener) => signal.addEventListener('abort', { handleEvent: listener })],
    ['assigned', (signal, listener) => (signal.onabort = listener)],
  ])('has its error emitted, and the other listeners are called: %s', async (_way, add) => {
    const boom = new Error('boom');
    const aborted: AbortSignal[] = [];
    const fail = (signal: AbortSignal): Promise<void> => {
      add(signal, failing(boom));
      const removed = (): void => expect(signal).toBeUndefined();
      signal.addEventListener('abort', removed);
      signal.removeEventListener('abort', removed);
      return new Promise(resolve => {
        signal.addEventListener('abort', () => {
          aborted.push(signal);
          resolve();
        });
      });
    };
    const ann = await join({ updates: 'roster' });
    const partitions = ann.partitions(1, { acquire: (_, { signal }) => void fail(signal) }, { handoverMs: 0 });
    await eventually('the partition', () => partitions.holds(0));
    const leading = ann.lead(fail);
    const bob = await join({ prepare: me => void me.handle('wait', (_, { signal }) => fail(signal)) });
    const errors = [recordErrors(ann), recordErrors(bob)];
    await ann.command('wait', null, { deadlineMs: 100 });
    await ann.leave();
    await leading;
    await eventually('the errors', () => aborted.length === 3 && errors.flat().length === 3);
    expect(errors.flat()).toEqual(Array(3).fill({ error: boom, source: 'abort' }));
    await bob.leave();
  });
});

describe('dial', () => {
  const unprintable: unknown = Object.create(null);
  const rejection = async (): Promise<never> => {
    await Promise.resolve();
    throw unprintable;
  };

  it.each<[string, () => unknown]>([
    [
      'throws a value that has no text',
      () => {
        throw unprintable;
      },
    ],
    ['rejects with a value that has no text', rejection],
    ['returns nothing', () => undefined],
    ['returns a stream that can only be read', () => ({ on: () => undefined })],
  ])('fails an attempt, and the next one succeeds, if it %s', async (_what, failing) => {
    let attempts = 0;
    const dial = (address: ServerAddress): Duplex => {
      attempts += 1;
      return attempts % 2 === 1 ? (failing() as Duplex) : fleet.dial(address);
    };
    const proxy = fleet.proxy(port);
    const codes: string[] = [];
    const sources: string[] = [];
    const prepare = (me: Membership): void => {
      me.on('disconnected', ({ error }) => codes.push(error.code));
      me.on('listenerError', ({ source }) => sources.push(source));
    };
    const ann = await join({ dial, prepare }, proxy.port);
    expect([ann.rank, codes, sources]).toEqual([0, ['CONNECT_FAILED'], ['dial']]);
    const back = fleet.next(ann, 'joined', ({ resumed }) => resumed);
    proxy.reset();
    await back;
    expect([ann.isClosed, ann.rank, codes.at(-1)]).toEqual([false, 0, 'CONNECT_FAILED']);
    await ann.leave();
  });

  it('fails the attempt if its stream throws when the library writes', async () => {
    let attempts = 0;
    const dial = (address: ServerAddress): Duplex => {
      attempts += 1;
      const socket = fleet.dial(address);
      if (attempts === 1) {
        socket._write = () => {
          throw new Error('no tunnel');
        };
      }
      return socket;
    };
    const ann = await join({ dial });
    expect([attempts, ann.rank, rethrown]).toEqual([2, 0, []]);
    await ann.leave();
  });
});

describe('prepare', () => {
  it('rejects the join if it throws, and the membership is closed', async () => {
    const boom = new Error('boom');
    let made: Membership | undefined;
    const prepare = (me: Membership): void => {
      made = me;
      throw boom;
    };
    await expect(join({ prepare })).rejects.toBe(boom);
    expect(made?.isClosed).toBe(true);
  });

  it('has its error emitted if it is async and rejects', async () => {
    const boom = new Error('boom');
    const errors: ListenerError[] = [];
    const prepare = async (me: Membership): Promise<void> => {
      me.on('listenerError', event => errors.push(event));
      return Promise.reject(boom);
    };
    const ann = await join({ prepare: me => prepare(me) as unknown as undefined });
    expect([ann.rank, errors]).toEqual([0, [{ error: boom, source: 'prepare' }]]);
    await ann.leave();
  });
});
