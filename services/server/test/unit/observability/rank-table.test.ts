import { expect, it } from '@jest/globals';
import stringWidth from 'string-width';
import type { RosterListing } from '../../../src/observability/group-queries.js';
import { renderRoster } from '../../../src/observability/http/rank-table.js';

function listing(...names: string[]): RosterListing {
  const members = names.map((name, rank) => ({
    rank,
    member: `m${rank}`,
    name,
    slot: rank,
    tags: {},
    address: '127.0.0.1:5000',
    joinedAt: '2026-01-01T00:00:00.000Z',
    state: 'present' as const,
  }));
  return { group: 'default', epoch: 12, view: 34, size: names.length, members };
}

it('has a line for the group, a header line and a line for each member, in columns', () => {
  expect(renderRoster(listing('ann', 'a-longer-name'))).toBe(
    [
      'group default, 2 members, view 34, epoch 12',
      'RANK  NAME           MEMBER  SLOT  STATE    ADDRESS         JOINED',
      '0     ann            m0      0     present  127.0.0.1:5000  2026-01-01T00:00:00.000Z',
      '1     a-longer-name  m1      1     present  127.0.0.1:5000  2026-01-01T00:00:00.000Z',
      '',
    ].join('\n'),
  );
});

it('has no blanks at the end of a line', () => {
  expect(renderRoster(listing('ann', 'bob'))).not.toMatch(/ \n/);
});

it.each(['🚀🚀', '日本', 'e\u0301e\u0301ee', '👩‍👩‍👧👩‍👩‍👧', 'ｗｗ'])(
  'keeps its columns in a terminal for the name %s',
  wide => {
    const [, , ann, other] = renderRoster(listing('annn', wide)).split('\n');
    const before = (line = ''): string => line.slice(0, line.indexOf('  m'));
    expect(stringWidth(wide)).toBe(4);
    expect(stringWidth(before(other))).toBe(stringWidth(before(ann)));
  },
);

it('a control character takes the width of the text that is shown for it', () => {
  const [, , ann, other] = renderRoster(listing('ann', '\u001b[31m')).split('\n');
  expect(other?.indexOf('m1')).toBe(ann?.indexOf('m0'));
});

it('formats a hundred thousand members', () => {
  const names = Array.from({ length: 100_000 }, (_, index) => `name-${index}`);
  expect(renderRoster(listing(...names)).split('\n')).toHaveLength(100_003);
});

it('has only the header for a group without members', () => {
  expect(renderRoster(listing())).toBe(
    'group default, 0 members, view 34, epoch 12\nRANK  NAME  MEMBER  SLOT  STATE  ADDRESS  JOINED\n',
  );
});
