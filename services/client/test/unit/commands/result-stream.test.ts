import { describe, expect, it } from '@jest/globals';
import { RankdError } from '../../../src/rankd-error.js';
import { ResultStream } from '../../../src/commands/result-stream.js';
import { resultOf } from '../messages.js';

async function ranksOf(queue: ResultStream): Promise<number[]> {
  const ranks: number[] = [];
  for await (const { from } of queue) ranks.push(from.rank);
  return ranks;
}

describe('a stream of results', () => {
  it('returns results that arrived before the first read, in order, then ends', async () => {
    const queue = new ResultStream();
    for (const rank of [3, 1, 2]) queue.push(resultOf(rank));
    queue.end();
    await expect(ranksOf(queue)).resolves.toEqual([3, 1, 2]);
    await expect(queue.next()).resolves.toEqual({ value: undefined, done: true });
  });

  it('returns each result to the read that waits for it', async () => {
    const queue = new ResultStream();
    const ranks = ranksOf(queue);
    queue.push(resultOf(1));
    await Promise.resolve();
    queue.push(resultOf(2));
    queue.end();
    await expect(ranks).resolves.toEqual([1, 2]);
  });

  it('answers several waiting reads in the order in which they began', async () => {
    const queue = new ResultStream();
    const asked = [queue.next(), queue.next(), queue.next()];
    queue.push(resultOf(1));
    queue.push(resultOf(2));
    queue.end();
    const [first, second, third] = await Promise.all(asked);
    expect([first?.value, second?.value, third?.done]).toEqual([resultOf(1), resultOf(2), true]);
  });

  it('rejects waiting reads after an error, and later reads after the buffered results', async () => {
    const error = new RankdError('OUTCOME_UNKNOWN');
    const waitedFor = new ResultStream();
    const ranks = ranksOf(waitedFor);
    waitedFor.fail(error);
    await expect(ranks).rejects.toBe(error);
    const queue = new ResultStream();
    queue.push(resultOf(1));
    queue.fail(error);
    await expect(queue.next()).resolves.toEqual({ value: resultOf(1), done: false });
    await expect(queue.next()).rejects.toBe(error);
  });
});
