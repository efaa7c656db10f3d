import { once, type EventEmitter } from 'node:events';
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import type { CommandOptions, Json, Membership, PartitionHandlers } from '@rankd/client';
import { InProcessFleet } from '@rankd/testkit/in-process';
import { observeWith } from '../../../src/observer/observe.js';
import type { Observer } from '../../../src/observer/observer.js';
import { badArgument, codeOf, joinUntyped, startWithTokens, timedIt } from './fixture.js';

const fleet = new InProcessFleet();
const it = timedIt(fleet);
let port: number;
let ann: Membership;

beforeAll(async () => {
  ({ port, ann } = await startWithTokens(fleet));
});
afterAll(() => fleet.dispose());

const url = (): string => `rankd://127.0.0.1:${port}`;

/** Calls a function of the library as JavaScript does, without types. */
function call(run: () => unknown): Promise<unknown> {
  return Promise.resolve().then(run);
}

async function join(urls: unknown, options?: unknown): Promise<Membership> {
  return await joinUntyped(fleet, port, urls, options);
}

describe('a method of a membership', () => {
  const never = (): undefined => undefined;

  it.each<[string, (me: Membership) => unknown, string]>([
    ['handle without a handler', me => me.handle('x', undefined as never), 'the handler is undefined'],
    ['handle with a space', me => me.handle('my cmd', never), 'the name of the command is "my cmd"'],
    ['handle without a name', me => me.handle(undefined as never, never), 'the name of the command is undefined'],
    ['lead without work', me => me.lead(undefined as never), 'the work is undefined, it must be a function'],
    ['lead with a signal for options', me => me.lead(never, AbortSignal.abort() as object), 'the options of lead'],
    ['lead with a wrong signal', me => me.lead(never, { signal: 5 as never }), 'signal is 5'],
    ['lead with another option', me => me.lead(never, { once: true } as object), 'lead has no option "once"'],
    ['untilRank(NaN)', me => me.untilRank(Number.NaN), 'rank is NaN, it must be a whole number, 0 or more'],
    ['untilRank()', me => me.untilRank(undefined as never), 'rank is undefined'],
    ['untilRank(-1)', me => me.untilRank(-1), 'rank is -1'],
    ['untilRank(0.5)', me => me.untilRank(0.5), 'rank is 0.5'],
    ['untilRank("0")', me => me.untilRank('0' as never), 'rank is "0"'],
    ['untilRank(Infinity)', me => me.untilRank(Number.POSITIVE_INFINITY), 'rank is Infinity'],
    ['untilRank with another option', me => me.untilRank(0, { timeoutMs: 5 } as object), 'no option "timeoutMs"'],
    ['partitions(4, {})', me => me.partitions(4, {} as never), 'with the handlers is {}, it must be an object with'],
    ['partitions(4)', me => me.partitions(4, undefined as never), 'with the handlers is undefined'],
    ['partitions(0)', me => me.partitions(0, { acquire: never }), 'partitions is 0'],
    ['partitions("4")', me => me.partitions('4' as never, { acquire: never }), 'partitions is "4"'],
    ['partitions(NaN)', me => me.partitions(Number.NaN, { acquire: never }), 'partitions is NaN'],
    ['partitions with another handler', me => me.partitions(4, { acquire: never, close: never } as never), 'handlers'],
    ['partitions with a text', me => me.partitions(4, { acquire: never, lost: 'x' as never }), 'handlers'],
    ['handoverMs "5"', me => me.partitions(4, { acquire: never }, { handoverMs: '5' as never }), 'handoverMs is "5"'],
    ['handoverMs NaN', me => me.partitions(4, { acquire: never }, { handoverMs: Number.NaN }), 'handoverMs is NaN'],
    [
      'partitions with options null',
      me => me.partitions(4, { acquire: never }, null as never),
      'options of partitions',
    ],
    ['partitions with another option', me => me.partitions(4, { acquire: never }, { max: 1 } as object), '"max"'],
  ])('is BAD_ARGUMENT at once: %s', async (_what, run, text) => {
    await expect(call(() => run(ann))).rejects.toMatchObject(badArgument(text));
    // The method that returns no promise throws.
    expect(ann.rank).toBe(0);
  });

  it.each<[string, unknown, unknown, string]>([
    ['a name with a space', 'my cmd', {}, 'the name of the command is "my cmd"'],
    ['no name', undefined, {}, 'the name of the command is undefined'],
    ['deadlineMs 0', 'x', { deadlineMs: 0 }, 'deadlineMs is 0, it must be a whole number, 1 or more'],
    ['deadlineMs "2000"', 'x', { deadlineMs: '2000' }, 'deadlineMs is "2000"'],
    ['deadlineMs NaN', 'x', { deadlineMs: Number.NaN }, 'deadlineMs is NaN'],
    ['deadlineMs Infinity', 'x', { deadlineMs: Number.POSITIVE_INFINITY }, 'deadlineMs is Infinity'],
    ['to undefined in a list', 'x', { to: { ranks: [undefined] } }, 'to is'],
    ['to a text', 'x', { to: 'above' }, 'to is "above", it must be "below", "all"'],
    ['to null', 'x', { to: null }, 'to is null'],
    ['to no member', 'x', { to: {} }, 'to is {}'],
    ['to a rank as text', 'x', { to: { ranks: ['1'] } }, 'to is {"ranks":["1"]}'],
    ['to a rank below 0', 'x', { to: { ranks: [-1] } }, 'to is'],
    ['to two lists', 'x', { to: { ranks: [1], names: ['bob'] } }, 'one of them'],
    ['to a list with a typing error', 'x', { to: { rank: [1] } }, 'to is {"rank":[1]}'],
    ['to a tag __proto__', 'x', { to: { tags: { ['__proto__']: 'a' } } }, 'to is'],
    ['to a tag that is no text', 'x', { to: { tags: { zone: 1 } } }, 'to is'],
    ['another option', 'x', { timeoutMs: 5 }, 'command has no option "timeoutMs"'],
    ['a wrong signal', 'x', { signal: {} }, 'signal is {}'],
    ['options null', 'x', null, 'the argument with the options of command is null'],
    ['options that are a number', 'x', 2000, 'the argument with the options of command is 2000'],
  ])('command and stream are BAD_ARGUMENT: %s', async (_what, name, options, text) => {
    const command = (): Promise<unknown> => ann.command(name as string, null, options as CommandOptions);
    await expect(command()).rejects.toMatchObject(badArgument(text));
    const iterator = ann.stream(name as string, null, options as CommandOptions)[Symbol.asyncIterator]();
    await expect(iterator.next()).rejects.toMatchObject(badArgument(text));
    await expect(ann.command('x')).rejects.toMatchObject(codeOf('NO_RECIPIENTS'));
  });

  it('names the place of what is wrong in args', async () => {
    const args = { list: [{ when: Number.NaN }] };
    await expect(ann.command('x', args)).rejects.toMatchObject(badArgument('args.list[0].when is NaN'));
  });

  it('may have handlers that are methods of a class', async () => {
    const calls: number[] = [];
    class Worker implements PartitionHandlers {
      readonly name = 'worker';
      acquire(partition: number): void {
        calls.push(partition);
      }
    }
    const member = await join(url(), { token: 'open', group: fleet.newGroup(), updates: 'roster' });
    member.partitions(1, new Worker());
    await fleet.time.eventually(10_000, 'the partition', () => (calls.length === 1 ? true : undefined));
    await member.leave();
  });
});

describe('a listener', () => {
  const methods = ['on', 'addListener', 'once', 'prependListener', 'prependOnceListener'] as const;

  it.each<[(typeof methods)[number]]>(methods.map(method => [method]))(
    'is BAD_ARGUMENT if it is not a function, or if there is no such event: %s',
    async method => {
      const observer = await observeWith(fleet.process(port).environment, url(), { token: 'admin' });
      for (const emitter of [ann, observer] as unknown as EventEmitter[]) {
        const add = (...args: unknown[]): unknown =>
          Reflect.apply(Reflect.get(emitter, method) as () => unknown, emitter, args);
        const listener = (): undefined => undefined;
        const noFunction = badArgument('the listener of closed is undefined, it must be a function');
        await expect(call(() => add('closed'))).rejects.toMatchObject(noFunction);
        const noEvent = badArgument('the name of the event is "promoted", it must be one of');
        await expect(call(() => add('promoted', listener))).rejects.toMatchObject(noEvent);
        await expect(call(() => add(undefined, listener))).rejects.toMatchObject(
          badArgument('of the event is undefined'),
        );
        for (const event of ['closed', 'listenerError', 'error', Symbol('own')]) {
          expect(add(event, listener)).toBe(emitter);
          expect(emitter.listenerCount(event)).toBe(1);
          emitter.off(event, listener);
          expect(emitter.listenerCount(event)).toBe(0);
        }
      }
      observer.close();
    },
  );

  it('of once is called once, and events.once works', async () => {
    const member = await join(url(), { token: 'open', group: fleet.newGroup() });
    const closed = once(member, 'closed');
    let calls = 0;
    member.once('closed', () => (calls += 1));
    await member.leave();
    await expect(closed).resolves.toEqual([{ error: undefined }]);
    expect(calls).toBe(1);
  });
});

describe('a value that a handler returns', () => {
  it.each<[string, unknown, string]>([
    ['a Map', new Map(), 'value is an object of the class Map'],
    ['a Set in a list', [new Set()], 'value[0] is an object of the class Set'],
    ['NaN in a field', { mean: Number.NaN }, 'value.mean is NaN'],
    ['a function', () => 1, 'value is a function'],
    ['undefined in a list', [undefined], 'value[0] is undefined'],
  ])('makes the result failed, and the session continues: %s', async (_what, value, text) => {
    const options = { token: 'open', group: fleet.newGroup() };
    const sender = await join(url(), options);
    const recipient = await join(url(), options);
    const { member } = recipient;
    recipient.handle('x', () => value);
    for await (const result of sender.stream('x')) {
      expect(result).toMatchObject({ status: 'failed', error: { code: 'BAD_ARGUMENT' } });
      expect(result.error?.message).toContain(text);
    }
    expect([recipient.rank, recipient.member]).toEqual([1, member]);
    await Promise.all([sender.leave(), recipient.leave()]);
  });

  it('is passed on as its JSON: a Date is its text, and undefined fields are left out', async () => {
    const options = { token: 'open', group: fleet.newGroup() };
    const sender = await join(url(), options);
    const recipient = await join(url(), options);
    recipient.handle('x', (args: unknown) => ({ args, at: new Date(0), nothing: undefined }));
    const args = { since: new Date(1), nothing: undefined } as unknown as Json;
    for await (const { value } of sender.stream('x', args)) {
      expect(value).toEqual({ args: { since: '1970-01-01T00:00:00.001Z' }, at: '1970-01-01T00:00:00.000Z' });
    }
    await Promise.all([sender.leave(), recipient.leave()]);
  });
});

describe('after leave', () => {
  it('every method is NOT_CONNECTED, while leave and lead resolve', async () => {
    const member = await join(url(), { token: 'open', group: fleet.newGroup() });
    await member.leave();
    const acquire = (): undefined => undefined;
    const calls: (() => unknown)[] = [
      () => member.command('x'),
      () => member.stream('x')[Symbol.asyncIterator]().next(),
      () => member.untilRank(0),
      () => member.partitions(4, { acquire }),
      () => member.handle('x', acquire),
    ];
    for (const run of calls) await expect(call(run)).rejects.toMatchObject(codeOf('NOT_CONNECTED'));
    await expect(member.leave()).resolves.toBeUndefined();
    await expect(member.lead(acquire)).resolves.toBeUndefined();
    await expect(call(() => member.lead(5 as never))).rejects.toMatchObject(codeOf('BAD_ARGUMENT'));
    await expect(call(() => member.untilRank(Number.NaN))).rejects.toMatchObject(codeOf('BAD_ARGUMENT'));
  });

  it('it is the same after the membership was closed by an error', async () => {
    const member = await join(url(), { token: 'open', group: fleet.newGroup(), name: 'cid' });
    const { environment } = fleet.process(port);
    const observer = await observeWith(environment, url(), { token: 'admin', group: member.group ?? '' });
    const closed = fleet.next(member, 'closed');
    await observer.remove(member.member ?? '');
    await closed;
    observer.close();
    await expect(call(() => member.handle('x', () => 1))).rejects.toMatchObject(codeOf('NOT_CONNECTED'));
    await expect(member.lead(() => 1)).resolves.toBeUndefined();
  });
});

describe('an observer', () => {
  const observe = (): Promise<Observer> => observeWith(fleet.process(port).environment, url(), { token: 'admin' });
  const order = { name: 'x', to: 'all', onReceipt: () => undefined, onResult: () => undefined } as const;

  it.each<[string, (observer: Observer) => unknown, string]>([
    ['history(NaN)', it => it.history(Number.NaN), 'limit is NaN, it must be a whole number from 1 to 1000'],
    ['history(0)', it => it.history(0), 'limit is 0'],
    ['history("5")', it => it.history('5' as never), 'limit is "5"'],
    ['move without a member', it => it.move(undefined as never, 0), 'member is undefined'],
    ['move to no rank', it => it.move('m1', undefined as never), 'rank is undefined'],
    ['move to a text', it => it.move('m1', '0' as never), 'rank is "0"'],
    ['remove without a member', it => it.remove(''), 'member is ""'],
    ['remove with a long reason', it => it.remove('m1', 'x'.repeat(65)), 'reason is'],
    ['command without an order', it => it.command(undefined as never), 'the order is undefined'],
    ['a command without a name', it => it.command({ ...order, name: undefined as never }), 'name is undefined'],
    ['a command to two lists', it => it.command({ ...order, to: { ranks: [], names: [] } }), 'to is'],
    ['a command with a text that is not JSON', it => it.command({ ...order, argsJson: 'hello' }), 'not JSON'],
    ['a command with no text', it => it.command({ ...order, argsJson: '' }), 'not JSON'],
    ['a command with two values', it => it.command({ ...order, argsJson: '1,"to":"below"' }), 'not JSON'],
    ['a command with args', it => it.command({ ...order, args: 1 } as never), 'command has no option "args"'],
    [
      'a command without onResult',
      it => it.command({ ...order, onResult: undefined as never }),
      'onResult is undefined',
    ],
  ])('is BAD_ARGUMENT, and its session continues: %s', async (_what, run, text) => {
    const observer = await observe();
    await expect(call(() => run(observer))).rejects.toMatchObject(badArgument(text));
    expect((await observer.roster()).size).toBe(1);
    observer.close();
  });

  it('is NOT_CONNECTED after close, and close does nothing', async () => {
    const observer = await observe();
    observer.close();
    const calls: (() => unknown)[] = [
      () => observer.roster(),
      () => observer.history(1),
      () => observer.move('m1', 0),
      () => observer.remove('m1'),
      () => observer.command(order),
    ];
    for (const run of calls) await expect(call(run)).rejects.toMatchObject(codeOf('NOT_CONNECTED'));
    observer.close();
  });
});
