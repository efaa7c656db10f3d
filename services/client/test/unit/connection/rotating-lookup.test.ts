import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { createRotatingLookup } from '../../../src/connection/rotating-lookup.js';

const found = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4'].map(address => ({ address, family: 4 }));

/** Returns what a lookup answers if the resolver finds these addresses, or fails. */
async function answerOf(random: number, all: boolean, resolved: LookupAddress[] | Error): Promise<unknown> {
  const resolve: LookupFunction = (_, options, callback) => {
    expect(options.all).toBe(true);
    if (resolved instanceof Error) callback(resolved, []);
    else callback(null, resolved);
  };
  return new Promise(answer => {
    createRotatingLookup(() => random, resolve)('rankd', { all }, (error, ...rest) => answer(error ?? rest));
  });
}

describe('a rotating lookup', () => {
  it.each([
    [0, '10.0.0.1'],
    [0.24, '10.0.0.1'],
    [0.25, '10.0.0.2'],
    [0.75, '10.0.0.4'],
    [1, '10.0.0.1'],
  ])('with random %d starts at %s', async (random, first) => {
    expect(await answerOf(random, false, found)).toEqual([first, 4]);
  });

  it('returns every address: from the selected one to the last, then those before it', async () => {
    const [rotated] = (await answerOf(0.5, true, found)) as [LookupAddress[]];
    expect(rotated.map(({ address }) => address)).toEqual(['10.0.0.3', '10.0.0.4', '10.0.0.1', '10.0.0.2']);
  });

  it('reports that a name has no address, or the error of the resolver', async () => {
    const failure = new Error('ENOTFOUND');
    expect(await answerOf(0.5, true, [])).toEqual([[]]);
    expect(await answerOf(0.5, true, failure)).toBe(failure);
  });
});
