import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { onAbort } from '../../src/on-abort.js';

describe('onAbort', () => {
  it('calls each function once when the signal is aborted', () => {
    const controller = new AbortController();
    const calls: string[] = [];
    onAbort(controller.signal, () => calls.push('a'));
    onAbort(controller.signal, () => calls.push('b'));
    controller.abort();
    expect(calls).toEqual(['a', 'b']);
  });

  it('calls the function at once if the signal is aborted already', () => {
    let calls = 0;
    const remove = onAbort(AbortSignal.abort(), () => (calls += 1));
    remove();
    expect(calls).toBe(1);
  });

  it('adds one listener to a signal for any number of functions, and removes it with the last of them', () => {
    const { signal } = new AbortController();
    const removes = Array.from({ length: 100 }, () => onAbort(signal, () => undefined));
    const counts = removes.map(remove => {
      remove();
      remove();
      return getEventListeners(signal, 'abort').length;
    });
    expect(counts).toEqual([...Array.from({ length: 99 }, () => 1), 0]);
  });

  it('does not call a function that was removed, before the abort or by another function of the same abort', () => {
    const controller = new AbortController();
    const calls: string[] = [];
    const removeFirst = onAbort(controller.signal, () => calls.push('first'));
    onAbort(controller.signal, () => removeLast());
    const removeLast = onAbort(controller.signal, () => calls.push('last'));
    removeFirst();
    controller.abort();
    expect(calls).toEqual([]);
  });

  it('calls a function as often as it was added', () => {
    const controller = new AbortController();
    let calls = 0;
    const run = (): void => void (calls += 1);
    onAbort(controller.signal, run);
    const remove = onAbort(controller.signal, run);
    onAbort(controller.signal, run);
    remove();
    controller.abort();
    expect(calls).toBe(2);
  });
});
