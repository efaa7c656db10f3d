import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { systemClock } from '../../../src/clock.js';
import type { DeliveredCommandMessage, ResultMessage } from '@rankd/protocol';
import { within } from '@rankd/testkit';
import {
  CommandExecutor,
  type Delivery,
  type Execution,
  type ReadyResult,
} from '../../../src/commands/command-executor.js';
import { deliveryOf } from '../messages.js';

type Sent = Omit<ResultMessage, 'value'> & { readonly value?: unknown };

/** An executor on a manual clock, with the results that it sent and the executions that it emitted. */
interface ExecutorFixture {
  readonly executor: CommandExecutor;
  readonly sent: Sent[];
  readonly executions: Execution[];
  readonly clock: { nowMs: number };
  readonly seat: AbortController;
  /** Delivers a command that has just arrived to a member of rank 2. A test can override each field. */
  readonly deliver: (fields?: Partial<DeliveredCommandMessage>, about?: Partial<Delivery>) => Promise<void>;
}

const RECIPIENT = { member: 'm9', epoch: 70 };

function createFixture(): ExecutorFixture {
  const sent: Sent[] = [];
  const executions: Execution[] = [];
  const clock = { nowMs: 0 };
  const executor = new CommandExecutor({
    sendResult: ({ message, value }) =>
      sent.push(value === undefined ? message : { ...message, value: JSON.parse(value.json) }),
    emitExecuted: execution => executions.push(execution),
    clock: { ...systemClock, nowMs: () => clock.nowMs },
    frameBytesMax: () => 8192,
  });
  const seat = new AbortController();
  const usual = { recipient: RECIPIENT, ownRank: 2, suspended: false, seatLost: seat.signal };
  const deliver: ExecutorFixture['deliver'] = async (fields = {}, about = {}) =>
    executor.execute({ command: deliveryOf(fields), ...usual, arrivedAtMs: clock.nowMs, ...about });
  return { executor, sent, executions, clock, seat, deliver };
}

describe('a command for this member', () => {
  it('R-CMD-5 is executed with its args and its context, and the result has the value of the handler', async () => {
    const { executor, sent, executions, deliver } = createFixture();
    const handlerCalls: unknown[] = [];
    executor.setHandler('print', (args, context) => {
      handlerCalls.push(args, context);
      return { pages: 3 };
    });
    const command = deliveryOf({ args: 'hi' });
    await deliver(command);
    expect(handlerCalls).toEqual(['hi', expect.objectContaining({ from: command.from, seq: 7 })]);
    expect(sent).toEqual([{ type: 'result', seq: 7, epoch: 70, status: 'done', value: { pages: 3 } }]);
    expect(executions).toEqual([{ command, ownRank: 2, status: 'done', error: undefined }]);
  });

  it.each([0, 1])('R-CMD-4 is refused if the sender has rank 2 and this member %i', async ownRank => {
    const { executor, sent, executions, deliver } = createFixture();
    let calls = 0;
    executor.setHandler('print', () => (calls += 1));
    await deliver({ from: { member: 'm', rank: 2, name: 'cid' } }, { ownRank });
    expect([calls, sent[0]?.status, sent[0]?.error?.code]).toEqual([0, 'refused', 'OUTRANKED']);
    expect(executions).toMatchObject([{ status: 'refused', error: { code: 'OUTRANKED' } }]);
  });

  it('R-CMD-4 is refused if the ranks are equal, and executed if the sender is one rank above or an administrator', async () => {
    const statusFor = async (rank: number, ownRank: number): Promise<string | undefined> => {
      const { executor, sent, deliver } = createFixture();
      executor.setHandler('print', () => null);
      await deliver({ from: { member: 'm', rank, name: 'cid' } }, { ownRank });
      return sent[0]?.status;
    };
    expect([await statusFor(3, 3), await statusFor(3, 4), await statusFor(-1, 0)]).toEqual(['refused', 'done', 'done']);
  });

  it('R-CMD-4 is refused if its deadline has passed', async () => {
    const { executor, sent, executions, deliver } = createFixture();
    executor.setHandler('print', () => null);
    await deliver({ deadlineMs: 0 });
    expect([sent, executions[0]?.error?.code]).toEqual([[], 'DEADLINE_PASSED']);
  });

  it('R-FRAME-4 has a result of at most 256 characters for a message, however long its name is', async () => {
    const { sent, deliver } = createFixture();
    // No server of this release sends such a name.
    await deliver({ name: '\u{1F600}'.repeat(1000) });
    const { message = '' } = sent[0]?.error ?? {};
    expect(Array.from(message)).toHaveLength(256);
  });

  it('is refused with NO_HANDLER if its name has no handler, or no longer one', async () => {
    const { executor, sent, deliver } = createFixture();
    const takeBack = executor.setHandler('print', () => null);
    await deliver({ name: 'paint' });
    takeBack();
    await deliver({ seq: 8 });
    expect(sent.map(({ status, error }) => [status, error?.code])).toEqual([
      ['refused', 'NO_HANDLER'],
      ['refused', 'NO_HANDLER'],
    ]);
  });

  it('is executed by the handler that was registered last, even after an earlier one is removed', async () => {
    const { executor, sent, deliver } = createFixture();
    const takeFirstBack = executor.setHandler('print', () => 1);
    executor.setHandler('print', () => 2);
    takeFirstBack();
    await deliver();
    expect(sent[0]?.value).toBe(2);
  });

  it('R-CMD-6 has no result if the sender wants none, but its execution is reported', async () => {
    const { executor, sent, executions, deliver } = createFixture();
    executor.setHandler('print', () => 1);
    await deliver({ reply: false });
    expect([sent, executions.length]).toEqual([[], 1]);
  });
});

describe('a handler that fails', () => {
  it.each([
    ['throws an error', new Error('no paper'), 'no paper'],
    ['throws words', 'no paper', 'no paper'],
    ['throws nothing', undefined, 'undefined'],
    ['throws a value that has no text', Object.create(null), 'an error that cannot be shown as text'],
    ['throws a message that is too long', new Error('é'.repeat(300)), 'é'.repeat(256)],
    [
      'throws a message that is too long, of characters beyond the basic plane',
      new Error('🖨'.repeat(300)),
      '🖨'.repeat(256),
    ],
  ])(
    'R-CMD-5 makes the result failed, with a message of at most 256 characters: it %s',
    async (_what, thrown, message) => {
      const { executor, sent, deliver } = createFixture();
      executor.setHandler('print', () => Promise.reject(thrown as Error));
      await deliver();
      expect(sent).toEqual([
        { type: 'result', seq: 7, epoch: 70, status: 'failed', error: { code: 'HANDLER_FAILED', message } },
      ]);
    },
  );

  it('fails if it throws before it returns a promise', async () => {
    const { executor, sent, deliver } = createFixture();
    executor.setHandler('print', () => {
      throw new Error('no paper');
    });
    await deliver();
    expect(sent[0]?.status).toBe('failed');
  });

  it.each([
    ['cannot be encoded as JSON', 1n, 'BAD_ARGUMENT'],
    ['is too long for a frame', 'x'.repeat(8192), 'PAYLOAD_TOO_LARGE'],
    ['has the key __proto__', { ['__proto__']: 1 }, 'BAD_ARGUMENT'],
  ])('fails if its value %s', async (_what, value, code) => {
    const { executor, sent, deliver } = createFixture();
    executor.setHandler('print', () => value);
    await deliver();
    expect([sent[0]?.status, sent[0]?.error?.code, sent[0]?.value]).toEqual(['failed', code, undefined]);
  });
});

describe('the deadline of a command', () => {
  it('R-CMD-5 drops a result at the deadline or after it', async () => {
    for (const [tookMs, results] of [
      [4999, 1],
      [5000, 0],
      [9000, 0],
    ] as const) {
      const { executor, sent, executions, clock, deliver } = createFixture();
      executor.setHandler('print', () => {
        clock.nowMs += tookMs;
        return null;
      });
      await deliver();
      expect([sent.length, executions[0]?.status]).toEqual([results, 'done']);
    }
  });

  it('aborts the signal of the handler', async () => {
    const { executor, deliver } = createFixture();
    executor.setHandler('print', async (_, { signal }) => {
      await new Promise(resolve => signal.addEventListener('abort', resolve));
    });
    await within(1000, 'abort', deliver({ deadlineMs: 20 }));
  });

  it('does not matter after the seat is lost: the signal is aborted, and no result is sent', async () => {
    const { executor, sent, executions, seat, deliver } = createFixture();
    executor.setHandler('print', async (_, { signal }) => {
      await new Promise(resolve => signal.addEventListener('abort', resolve));
    });
    const execution = deliver();
    seat.abort();
    await within(1000, 'abort', execution);
    expect([sent, executions.length]).toEqual([[], 1]);
  });

  it('keeps no listener on the signal of the seat after a command, and one listener during any number of commands', async () => {
    const { executor, seat, deliver } = createFixture();
    const ends: (() => void)[] = [];
    executor.setHandler('print', async () => new Promise<void>(resolve => ends.push(resolve)));
    executor.setHandler('late', async (_, { signal }) => {
      await new Promise(resolve => signal.addEventListener('abort', resolve));
    });
    const listeners = (): number => getEventListeners(seat.signal, 'abort').length;
    const running = Array.from({ length: 20 }, (_, index) => deliver({ seq: 7 + index }));
    expect(listeners()).toBe(1);
    for (const end of ends) end();
    await Promise.all(running);
    expect(listeners()).toBe(0);
    await deliver({ seq: 50, name: 'late', deadlineMs: 10 });
    expect(listeners()).toBe(0);
  });

  it('does not abort the signal after the handler has ended', async () => {
    const { executor, deliver } = createFixture();
    let kept: AbortSignal | undefined;
    executor.setHandler('print', (_, { signal }) => void (kept = signal));
    await deliver({ deadlineMs: 20 });
    await new Promise(resolve => setTimeout(resolve, 60));
    expect(kept?.aborted).toBe(false);
  });
});

describe('a command that is delivered again', () => {
  it('R-CMD-9 is not executed twice, and no event reports it', async () => {
    const { executor, sent, executions, deliver } = createFixture();
    executor.setHandler('print', () => null);
    await deliver({ seq: 7 });
    await deliver({ seq: 7 });
    await deliver({ seq: 6 });
    expect([sent.length, executions.length]).toEqual([1, 1]);
  });

  it('R-CMD-9 is not executed twice while its handler still runs', async () => {
    const { executor, deliver } = createFixture();
    let calls = 0;
    let finish: () => void = () => undefined;
    executor.setHandler('print', async () => {
      calls += 1;
      await new Promise<void>(resolve => (finish = resolve));
    });
    const first = deliver();
    await deliver();
    finish();
    await first;
    expect(calls).toBe(1);
  });

  it('R-CMD-9 is another command if the epoch is another one, because seq starts again', async () => {
    const { executor, sent, deliver } = createFixture();
    executor.setHandler('print', () => null);
    await deliver({ seq: 7 });
    await deliver({ seq: 1 }, { recipient: { ...RECIPIENT, epoch: 71 } });
    await deliver({ seq: 1 }, { recipient: { ...RECIPIENT, epoch: 71 } });
    expect(sent.map(({ epoch, seq }) => [epoch, seq])).toEqual([
      [70, 7],
      [71, 1],
    ]);
  });
});

describe('a suspended member', () => {
  it('R-LEAD-3 refuses a command with SUSPENDED and calls no handler', async () => {
    const { executor, sent, executions, deliver } = createFixture();
    let calls = 0;
    executor.setHandler('print', () => (calls += 1));
    await deliver({}, { suspended: true });
    expect([calls, sent[0]?.status, sent[0]?.error?.code]).toEqual([0, 'refused', 'SUSPENDED']);
    expect(executions).toMatchObject([{ status: 'refused', error: { code: 'SUSPENDED' } }]);
  });

  it('R-CMD-4 counts the deadline after a stall from the earliest time at which the command can have arrived', async () => {
    const codeAfter = async (stalledMs: number): Promise<string | undefined> => {
      const { executor, executions, clock, deliver } = createFixture();
      executor.setHandler('print', () => null);
      clock.nowMs = 60_000;
      await deliver({ deadlineMs: 5000 }, { arrivedAtMs: clock.nowMs - stalledMs });
      return executions[0]?.error?.code ?? executions[0]?.status;
    };
    expect([await codeAfter(4999), await codeAfter(5000)]).toEqual(['done', 'DEADLINE_PASSED']);
  });

  it('R-CMD-8 sends its result with the member that executed the command and the time at which the sender stops waiting', async () => {
    const ready: ReadyResult[] = [];
    const executor = new CommandExecutor({
      sendResult: result => ready.push(result),
      emitExecuted: () => undefined,
      clock: { ...systemClock, nowMs: () => 1000 },
      frameBytesMax: () => 8192,
    });
    const about = { recipient: RECIPIENT, ownRank: 2, suspended: false, seatLost: new AbortController().signal };
    await executor.execute({ command: deliveryOf({ deadlineMs: 300 }), ...about, arrivedAtMs: 900 });
    expect(ready).toMatchObject([{ recipient: RECIPIENT, expiresAtMs: 1200, message: { epoch: 70, seq: 7 } }]);
  });
});
