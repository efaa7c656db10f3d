import { expect, it } from '@jest/globals';
import { filterMembers } from '../../src/model/roster-filter.js';
import { memberRow } from './events.js';

const members = [
  memberRow('Worker-1', 0, { member: 'm-ann' }),
  memberRow('worker-10', 1, { member: 'm-bob', tags: { zone: 'eu-1', disk: 'SSD' } }),
  memberRow('Zoë', 2, { member: 'm-cleo', tags: { 'a\u202eb': 'x' } }),
];
const ranksOf = (text: string): number[] => filterMembers(members, text).map(({ rank }) => rank);

it.each([
  ['', [0, 1, 2]],
  ['  ', [0, 1, 2]],
  ['worker-1', [0, 1]],
  [' WORKER-10 ', [1]],
  ['M-', [0, 1, 2]],
  ['m-cleo', [2]],
  ['zoë', [2]],
  ['zone=eu', [1]],
  ['zone eu-1', [1]],
  ['ssd', [1]],
  ['eu-1disk', []],
  ['10.0.0.1', []],
  ['\\u202e', [2]],
  ['.*', []],
])('the filter %j finds the ranks %j', (text, ranks) => {
  expect(ranksOf(text)).toEqual(ranks);
});
