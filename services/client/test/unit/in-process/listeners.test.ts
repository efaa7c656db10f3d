import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest } from '@jest/globals';
import type { JoinOptions, ListenerError, Membership, MembershipEvents } from '@rankd/client';
import { TIMINGS } from '@rankd/testkit';
import { InProcessFleet, type InProcessServer } from '@rankd/testkit/in-process';
import { observeWith } from '../../../src/observer/observe.js';
import type { Observer } from '../../../src/observer/observer.js';
import { codeOf, DEADLINE_MS, timedIt } from './fixture.js';
import { failures, recordErrors, recordRethrown, serverEnv } from './failing-functions.js';

type EventName = keyof MembershipEvents;

const fleet = new InProcessFleet();
const it = timedIt(fleet);
let server: InProcessServer;
let port: number;
let group: string;
let rethrown: unknown[];

beforeAll(async () => {
  ({ port, server } = await fleet.server(serverEnv));
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
