import { expect, it } from '@jest/globals';
import { hashOf, groupInHash } from '../../src/stream/url-hash.js';
import { formatCount, formatDuration } from '../../src/model/format.js';

it.each([
  [-5, '0 s'],
  [999, '0 s'],
  [42_000, '42 s'],
  [200_000, '3 min 20 s'],
  [18_720_000, '5 h 12 min'],
  [273_600_000, '3 d 4 h'],
])('%p ms are %s', (ms, words) => {
  expect(formatDuration(ms)).toBe(words);
});

it('a count has a noun', () => {
  expect([formatCount(1, 'member'), formatCount(0, 'member'), formatCount(1200, 'member')]).toEqual([
    '1 member',
    '0 members',
    '1,200 members',
  ]);
});

it.each(['default', 'a.b-c_d', 'x'.repeat(64)])('the address of %s selects it', group => {
  expect(groupInHash(hashOf(group))).toBe(group);
});

it.each(['', '#', '#group=', '#group=a%2Fb', `#group=${'x'.repeat(65)}`, '#other=1'])('%p selects no group', hash => {
  expect(groupInHash(hash)).toBeUndefined();
});
