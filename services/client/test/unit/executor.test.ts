import { describe, expect, it } from '@jest/globals';
import type { ResultMessage } from '@rankd/protocol';
import { within } from '@rankd/testkit';
import { Executor, type Execution } from '../../src/executor.js';
import { deliveryOf } from './messages.js';

type Sent = Omit<ResultMessage, 'value'> & { readonly value?: unknown };

/** An executor with what it sent and told kept, on a clock that the test moves. */
interface Desk {
  readonly executor: Executor;
  readonly sent: Sent[];
  readonly told: Execution[];
  readonly clock: { nowMs: number };
  readonly session: AbortController;
}

function desk(): Desk {
  const sent: Sent[] = [];
  const told: Execution[] = [];
  const clock = { nowMs: 0 };
  const executor = new Executor({
    send: (result, raw) => sent.push(raw === undefined ? result : { ...result, value: JSON.parse(raw.json) }),
    executed: execution => told.push(execution),
    nowMs: () => clock.nowMs,
    frameBytesMax: () => 8192,
  });
  return { executor, sent, told, clock, session: new AbortController() };
}

describe('a command for this member', () => {
  it('R-CMD-5 is executed with its args and its context, and its value is the result', async () => {
    const { executor, sent, told, session } = desk();
    const heard: unknown[] = [];
    executor.handle('print', (args, context) => {
      heard.push(args, context);
      return { pages: 3 };
    });
    const command = deliveryOf({ args: 'hi' });
    await executor.execute(command, 2, session.signal);
    expect(heard).toEqual(['hi', expect.objectContaining({ from: command.from, seq: 7 })]);
    expect(sent).toEqual([{ type: 'result', seq: 7, status: 'done', value: { pages: 3 } }]);
    expect(told).toEqual([{ command, ownRank: 2, status: 'done', error: undefined }]);
  });

  it.each([0, 1])('R-CMD-4 is refused where the sender has rank 2 and this member %i', async ownRank => {
    const { executor, sent, told, session } = desk();
    let calls = 0;
    executor.handle('print', () => (calls += 1));
    await executor.execute(deliveryOf({ from: { member: 'm', rank: 2, name: 'cid' } }), ownRank, session.signal);
    expect([calls, sent[0]?.status, sent[0]?.error?.code]).toEqual([0, 'refused', 'OUTRANKED']);
    expect(told).toMatchObject([{ status: 'refused', error: { code: 'OUTRANKED' } }]);
  });

  it('R-CMD-4 is refused at the same rank and executed one below it, and by order of an administrator', async () => {
    const statusFor = async (rank: number, ownRank: number): Promise<string | undefined> => {
      const { executor, sent, session } = desk();
      executor.handle('print', () => null);
      await executor.execute(deliveryOf({ from: { member: 'm', rank, name: 'cid' } }), ownRank, session.signal);
      return sent[0]?.status;
    };
    expect([await statusFor(3, 3), await statusFor(3, 4), await statusFor(-1, 0)]).toEqual(['refused', 'done', 'done']);
  });

  it('R-CMD-4 is refused where no time is left for it', async () => {
    const { executor, sent, told, session } = desk();
    executor.handle('print', () => null);
    await executor.execute(deliveryOf({ deadlineMs: 0 }), 2, session.signal);
    expect([sent, told[0]?.error?.code]).toEqual([[], 'DEADLINE_PASSED']);
  });

  it('is refused with NO_HANDLER where nobody handles its name, or no longer does', async () => {
    const { executor, sent, session } = desk();
    const takeBack = executor.handle('print', () => null);
    await executor.execute(deliveryOf({ name: 'paint' }), 2, session.signal);
    takeBack();
    await executor.execute(deliveryOf(), 2, session.signal);
    expect(sent.map(({ status, error }) => [status, error?.code])).toEqual([
      ['refused', 'NO_HANDLER'],
      ['refused', 'NO_HANDLER'],
    ]);
  });

  it('is handled by the handler registered last, which an earlier one does not take back', async () => {
    const { executor, sent, session } = desk();
    const takeFirstBack = executor.handle('print', () => 1);
    executor.handle('print', () => 2);
    takeFirstBack();
    await executor.execute(deliveryOf(), 2, session.signal);
    expect(sent[0]?.value).toBe(2);
  });

  it('R-CMD-6 sends no result where none is wanted, and tells of the execution all the same', async () => {
    const { executor, sent, told, session } = desk();
    executor.handle('print', () => 1);
    await executor.execute(deliveryOf({ reply: false }), 2, session.signal);
    expect([sent, told.length]).toEqual([[], 1]);
  });
});

describe('a handler that fails', () => {
  it.each([
    ['throws an error', new Error('no paper'), 'no paper'],
    ['throws words', 'no paper', 'no paper'],
    ['throws nothing', undefined, 'undefined'],
    ['throws what has no words', Object.create(null), 'something that cannot be told in words'],
    ['says too much', new Error('é'.repeat(300)), 'é'.repeat(256)],
    ['says too much beyond the basic plane', new Error('🖨'.repeat(300)), '🖨'.repeat(256)],
  ])('R-CMD-5 makes the result failed, in at most 256 characters: it %s', async (_what, thrown, message) => {
    const { executor, sent, session } = desk();
    executor.handle('print', () => Promise.reject(thrown as Error));
    await executor.execute(deliveryOf(), 2, session.signal);
    expect(sent).toEqual([{ type: 'result', seq: 7, status: 'failed', error: { code: 'HANDLER_FAILED', message } }]);
  });

  it('fails at once where it throws before it returns', async () => {
    const { executor, sent, session } = desk();
    executor.handle('print', () => {
      throw new Error('no paper');
    });
    await executor.execute(deliveryOf(), 2, session.signal);
    expect(sent[0]?.status).toBe('failed');
  });

  it.each([
    ['cannot be told in JSON', 1n, 'BAD_ARGUMENT'],
    ['is longer than a frame takes', 'x'.repeat(8192), 'PAYLOAD_TOO_LARGE'],
    ['has a key that no frame may have', { ['__proto__']: 1 }, 'BAD_ARGUMENT'],
  ])('fails where its value %s', async (_what, value, code) => {
    const { executor, sent, session } = desk();
    executor.handle('print', () => value);
    await executor.execute(deliveryOf(), 2, session.signal);
    expect([sent[0]?.status, sent[0]?.error?.code, sent[0]?.value]).toEqual(['failed', code, undefined]);
  });
});

describe('the time that a command has', () => {
  it('R-CMD-5 sends no result at the deadline or after it', async () => {
    for (const [tookMs, results] of [
      [4999, 1],
      [5000, 0],
      [9000, 0],
    ] as const) {
      const { executor, sent, told, clock, session } = desk();
      executor.handle('print', () => {
        clock.nowMs += tookMs;
        return null;
      });
      await executor.execute(deliveryOf(), 2, session.signal);
      expect([sent.length, told[0]?.status]).toEqual([results, 'done']);
    }
  });

  it('aborts the signal at the deadline', async () => {
    const { executor, session } = desk();
    executor.handle('print', async (_, { signal }) => {
      await new Promise(resolve => signal.addEventListener('abort', resolve));
    });
    await within(1000, 'abort', executor.execute(deliveryOf({ deadlineMs: 20 }), 2, session.signal));
  });

  it('aborts the signal when the session is over, and sends no result for it', async () => {
    const { executor, sent, told, session } = desk();
    executor.handle('print', async (_, { signal }) => {
      await new Promise(resolve => signal.addEventListener('abort', resolve));
    });
    const execution = executor.execute(deliveryOf(), 2, session.signal);
    session.abort();
    await within(1000, 'abort', execution);
    expect([sent, told.length]).toEqual([[], 1]);
  });

  it('leaves the signal alone once the handler is through', async () => {
    const { executor, session } = desk();
    let kept: AbortSignal | undefined;
    executor.handle('print', (_, { signal }) => void (kept = signal));
    await executor.execute(deliveryOf({ deadlineMs: 20 }), 2, session.signal);
    await new Promise(resolve => setTimeout(resolve, 60));
    expect(kept?.aborted).toBe(false);
  });
});
