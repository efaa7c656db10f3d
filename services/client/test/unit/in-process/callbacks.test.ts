import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest } from '@jest/globals';
import type { Duplex } from 'node:stream';
import type { JoinOptions, ListenerError, Logger, Membership, MembershipEvents, ServerAddress } from '@rankd/client';
import { TIMINGS } from '@rankd/testkit';
import { InProcessFleet, type InProcessServer } from '@rankd/testkit/in-process';
import { silentLogger } from '../../../src/logger.js';
import { observeWith } from '../../../src/observer/observe.js';
import type { Observer } from '../../../src/observer/observer.js';
import { codeOf, DEADLINE_MS, timedIt } from './fixture.js';
import { recordRethrown } from './rethrown.js';

type EventName = keyof MembershipEvents;

const GRACE_MS = 5000;
const fleet = new InProcessFleet();
const it = timedIt(fleet);
let server: InProcessServer;
let port: number;
let group: string;
let rethrown: unknown[];

beforeAll(async () => {
  const grace = { RANKD_GRACE_MS: String(GRACE_MS), RANKD_GRACE_LEADER_MS: String(GRACE_MS) };
  ({ port, server } = await fleet.server({
    ...TIMINGS.quick,
    ...grace,
    RANKD_ADMIN_TOKEN: 'admin',
    RANKD_TOKEN: 'open',
  }));
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

const observe = (): Promise<Observer> =>
  observeWith(fleet.process(port).environment, `rankd://127.0.0.1:${port}`, { group, token: 'admin' });

/** How a function of the application can fail: it throws, or its promise rejects. */
const failures: readonly [string, (error: Error) => () => unknown][] = [
  [
    'throws',
    error => () => {
      throw error;
    },
  ],
  ['rejects', error => () => Promise.reject(error)],
];

const events: readonly EventName[] = [
  'connecting',
  'joined',
  'rank',
  'suspended',
  'acting',
  'disconnected',
  'executed',
];

function listen(me: Membership, event: EventName, listener: () => unknown): void {
  (me as { on(event: string, listener: () => unknown): unknown }).on(event, listener);
}

function recordErrors(me: Membership): ListenerError[] {
  const errors: ListenerError[] = [];
  me.on('listenerError', event => errors.push(event));
  return errors;
}

async function eventually(what: string, isTrue: () => boolean): Promise<void> {
  await fleet.time.eventually(DEADLINE_MS, what, () => (isTrue() ? true : undefined));
}

describe.each(failures)('a listener that %s', (_how, failing) => {
  it('affects no other listener and not the membership, whatever its event', async () => {
    const proxy = fleet.proxy(port);
    const heard = new Set<string>();
    const boom = new Error('boom');
    let errors: ListenerError[] = [];
    const prepare = (me: Membership): void => {
      errors = recordErrors(me);
      for (const event of [...events, 'closed'] as const) {
        listen(me, event, failing(boom));
        listen(me, event, () => heard.add(event));
      }
      me.handle('print', () => 'printed');
    };
    const ann = await join({ prepare, name: 'ann' }, proxy.port);
    const bob = await join({ name: 'bob' });
    const member = ann.member ?? '';
    const back = fleet.next(ann, 'joined', ({ resumed }) => resumed);
    proxy.reset();
    await back;
    const moved = fleet.next(ann, 'rank', ({ rank }) => rank === 1);
    const administrator = await observe();
    await administrator.move(member, 1);
    administrator.close();
    await moved;
    const results = bob.stream('print');
    for await (const result of results) expect(result).toMatchObject({ status: 'done', value: 'printed' });
    await eventually('every event', () => events.every(event => heard.has(event)));
    expect([ann.rank, ann.member]).toEqual([1, member]);
    await ann.leave();
    await eventually('closed', () => errors.some(({ source }) => source === 'closed'));
    expect(new Set(errors.map(({ source }) => source))).toEqual(new Set([...events, 'closed']));
    expect(errors.every(({ error }) => error === boom)).toBe(true);
    expect(rethrown).toEqual([]);
    await bob.leave();
  });

  it('has its error thrown by process.nextTick if nothing listens to listenerError', async () => {
    const boom = new Error('boom');
    const ann = await join({ prepare: me => listen(me, 'joined', failing(boom)) });
    await eventually('the error', () => rethrown.length > 0);
    expect([ann.rank, rethrown]).toEqual([0, [boom]]);
    await ann.leave();
  });

  it('of listenerError itself has its error thrown, once, and the other one is called', async () => {
    const [first, second] = [new Error('first'), new Error('second')];
    let errors: ListenerError[] = [];
    const prepare = (me: Membership): void => {
      listen(me, 'listenerError', failing(second));
      errors = recordErrors(me);
      listen(me, 'joined', failing(first));
    };
    const ann = await join({ prepare });
    await eventually('the error', () => rethrown.length > 0);
    expect([rethrown, errors]).toEqual([[second], [{ error: first, source: 'joined' }]]);
    await ann.leave();
  });

  it('of waiting leaves the client on the waitlist', async () => {
    const full = await fleet.server({ RANKD_MEMBERS_MAX: '1', RANKD_WAITLIST_MAX: '1', ...TIMINGS.quick });
    const ann = await fleet.join(full.port);
    let errors: ListenerError[] = [];
    const prepare = (me: Membership): void => {
      errors = recordErrors(me);
      listen(me, 'waiting', failing(new Error('boom')));
    };
    const joining = fleet.join(full.port, { prepare });
    await eventually('the error', () => errors.length > 0);
    await ann.leave();
    const bob = await joining;
    expect([bob.rank, errors[0]?.source]).toEqual([0, 'waiting']);
    await bob.leave();
  });

  it('of executed keeps the sender from nothing: the command is done, not expired', async () => {
    const ann = await join();
    const bob = await join({ prepare: me => void me.handle('print', () => 1) });
    const errors = recordErrors(bob);
    listen(bob, 'executed', failing(new Error('boom')));
    const sheet = await ann.command('print', null, { deadlineMs: 1000 });
    expect([sheet.done, sheet.expired]).toEqual([1, 0]);
    await eventually('the error', () => errors.length > 0);
    await Promise.all([ann.leave(), bob.leave()]);
  });
});

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

describe('the membership', () => {
  it('is up to date when a listener is called: partitions() in joined opens no other session', async () => {
    let connections = 0;
    const acquired: number[] = [];
    const ann = await join({
      updates: 'roster',
      prepare: me => {
        me.on('connecting', () => (connections += 1));
        me.on('joined', () => me.partitions(2, { acquire: partition => acquired.push(partition) }));
        // A first call makes the library ask for the roster from the start.
        me.partitions(1, { acquire: () => undefined });
      },
    });
    await eventually('the partitions', () => acquired.length === 2);
    expect([ann.rank, connections]).toEqual([0, 1]);
    await ann.leave();
  });

  it('can be left in any of its listeners', async () => {
    for (const event of ['connecting', 'joined'] as const) {
      const joining = join({ prepare: me => listen(me, event, () => void me.leave()) });
      if (event === 'joined') expect((await joining).rank).toBeUndefined();
      else await expect(joining).rejects.toMatchObject(codeOf('ABORTED'));
    }
  });

  it('does not depend on listeners that the application can remove', async () => {
    const ann = await join({ prepare: me => void me.removeAllListeners() });
    const bob = await join();
    const led: string[] = [];
    const leading = bob.lead(() => led.push('bob'));
    const waiting = bob.untilRank(0);
    bob.removeAllListeners();
    await ann.leave();
    await waiting;
    await eventually('the work', () => led.length === 1);
    await bob.leave();
    await leading;
    expect(server.logLines.filter(({ level }) => Number(level) >= 50)).toEqual([]);
  });
});

describe.each(failures)('a function given to an observer that %s', (_how, failing) => {
  it('affects neither the session nor the other functions', async () => {
    const boom = new Error('boom');
    const observer = await observe();
    const errors: ListenerError[] = [];
    observer.on('listenerError', event => errors.push(event));
    observer.on('view', failing(boom));
    observer.on('closed', failing(boom));
    const ann = await join({ prepare: me => void me.handle('print', () => 1) });
    const sheet = await observer.command({
      name: 'print',
      to: 'all',
      onReceipt: failing(boom),
      onResult: failing(boom),
    });
    expect(sheet.done).toBe(1);
    expect((await observer.roster()).size).toBe(1);
    await ann.leave();
    observer.close();
    await eventually('the errors', () => errors.some(({ source }) => source === 'closed'));
    const sources = [...new Set(errors.map(({ source }) => source))].sort();
    expect(sources).toEqual(['closed', 'onReceipt', 'onResult', 'view']);
    expect(errors.every(({ error }) => error === boom)).toBe(true);
  });

  it('has its error thrown by process.nextTick if nothing listens to listenerError', async () => {
    const observer = await observe();
    observer.on('closed', failing(new Error('boom')));
    observer.close();
    await eventually('the error', () => rethrown.length === 1);
  });
});
