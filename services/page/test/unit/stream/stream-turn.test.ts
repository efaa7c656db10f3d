import { expect, it } from '@jest/globals';
import { LockTurn } from '../../../src/stream/stream-turn.js';

/** Returns locks that answer every request in this way. */
function locksThat(answer: (run: () => Promise<unknown>, options: LockOptions) => Promise<unknown>): LockManager {
  const request = (_name: string, options: LockOptions, run: () => Promise<unknown>): Promise<unknown> =>
    answer(run, options);
  return { request } as unknown as LockManager;
}

const never = new AbortController().signal;

it('a browser that forbids locks leaves each tab a stream of its own', async () => {
  const turn = new LockTurn(
    locksThat(() => Promise.reject(new DOMException('storage is blocked', 'SecurityError'))),
    'name',
  );
  expect(await turn.hold(async () => await Promise.resolve('read'), never)).toBe('read');
});

it('a tab whose lock was taken ends its stream', async () => {
  const turn = new LockTurn(
    locksThat(run => {
      void run();
      return Promise.reject(new DOMException('taken', 'AbortError'));
    }),
    'name',
  );
  const signals: AbortSignal[] = [];
  const verdict = turn.hold(signal => {
    signals.push(signal);
    return new Promise(() => undefined);
  }, never);
  expect(await verdict).toBe('given up');
  expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
});

it('a tab that waits can take the lock, and the next request waits again', async () => {
  const requests: LockOptions[] = [];
  const turn = new LockTurn(
    locksThat(async (run, options) => {
      requests.push(options);
      if (options.steal === true) return await run();
      return await new Promise((_, reject) => {
        options.signal?.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')));
      });
    }),
    'name',
  );
  const read = async (): Promise<string> => await Promise.resolve('read');
  const waiting = turn.hold(read, never);
  turn.take();
  expect(await waiting).toBe('given up');
  expect(await turn.hold(read, never)).toBe('read');
  const stopping = new AbortController();
  const last = turn.hold(read, stopping.signal);
  stopping.abort();
  expect(await last).toBe('given up');
  expect(requests.map(({ steal }) => steal === true)).toEqual([false, true, false]);
});
