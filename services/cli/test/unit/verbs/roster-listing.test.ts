import { describe, expect, it } from '@jest/globals';
import type { RosterMember } from '@rankd/protocol';
import { UsageError } from '../../../src/errors.js';
import { unpainted } from '../../../src/terminal/terminal.js';
import { listingLines, parseListing, type ListingOptions } from '../../../src/roster/roster-listing.js';

const nowMs = Date.parse('2026-11-30T10:00:12Z');
const memberOf = (rank: number, name: string, tags: Record<string, string>): RosterMember => ({
  ...{ rank, member: `m${rank}`, name, slot: rank + 7, tags, address: `10.0.0.${rank}:5000`, state: 'present' },
  joinedAt: '2026-11-30T10:00:00.000Z',
});
const roster = {
  ...{ group: 'default', epoch: 70, view: 9, size: 3 },
  members: [
    memberOf(0, 'ann', { zone: 'eu', tier: 'web' }),
    memberOf(1, 'bob', { zone: 'us', '--x': 'y' }),
    memberOf(2, 'zoë中\u001b[2J', { zone: 'eu' }),
  ],
};
const linesOf = (options: ListingOptions, json = false): string[] =>
  listingLines(roster, parseListing(options, json), nowMs, { columns: 200, paint: unpainted });

describe('ls', () => {
  it('--quiet prints one id a line, and with --json one list', () => {
    expect(linesOf({ quiet: true })).toEqual(['m0', 'm1', 'm2']);
    expect(linesOf({ quiet: true, tag: ['zone=eu'] }, true)).toEqual(['["m0","m2"]']);
  });

  it.each([
    ['{rank} {name}', '0 ann'],
    ['{member}|{slot}|{state}|{leads}', 'm0|7|present|1'],
    ['{address} {joinedAt} {age}', '10.0.0.0:5000 2026-11-30T10:00:00.000Z 12s'],
    ['{tags}', 'zone=eu tier=web'],
    ['{tag.zone}/{tag.none}/{tag.constructor}', 'eu//'],
    ['{group} {size} {view}', 'default 3 9'],
    ['{rank}\\t{name}\\n-', '0\tann\n-'],
    ['{{name}} {"rank":{rank}} {} { name }', '{name} {"rank":0} {} { name }'],
    ['$& $1 {name}', '$& $1 ann'],
  ])('--format %j', (format, line) => {
    expect(linesOf({ format })[0]).toBe(line);
  });

  it('--format escapes control characters of names, and reads no placeholder in a value', () => {
    expect(linesOf({ format: '{name}' })[2]).toBe('zoë中\\u001b[2J');
    const tricky = { ...roster, members: [memberOf(0, '{rank}$&', {})] };
    const screen = { columns: 80, paint: unpainted };
    expect(listingLines(tricky, parseListing({ format: '{name}' }, false), nowMs, screen)).toEqual(['{rank}$&']);
  });

  it('--format table TEXT counts columns', () => {
    expect(linesOf({ format: 'table {name}\\t{tag.zone}', tag: ['zone=eu'] })).toEqual([
      'NAME            TAG.ZONE',
      'ann             eu',
      'zoë中\\u001b[2J  eu',
    ]);
  });

  it('--format json prints one member a line; --json prints the roster', () => {
    expect(linesOf({ format: 'json' }).map(line => (JSON.parse(line) as RosterMember).name)).toEqual(
      roster.members.map(({ name }) => name),
    );
    expect(JSON.parse(linesOf({ tag: ['zone=us'] }, true)[0] ?? '')).toEqual({
      ...roster,
      members: [roster.members[1]],
    });
  });

  it('--tag shows the members with every tag, and counts them', () => {
    expect(linesOf({ tag: ['zone=eu'], format: 'table' })[0]).toBe('group default · 2 of 3 members · view 9');
    expect(linesOf({ tag: ['zone=eu', 'tier=web'], quiet: true })).toEqual(['m0']);
    expect(linesOf({ tag: ['--x=y'], quiet: true })).toEqual(['m1']);
    expect(linesOf({ tag: ['zone=asia'] })).toEqual([
      'group default · 0 of 3 members · view 9',
      'The group has no such members.',
    ]);
  });

  it.each<[ListingOptions, boolean, string]>([
    [{ format: '{nme} {rank}' }, false, '--format: {nme} is unknown: use {rank} {name}'],
    [{ format: 'table {nme}' }, false, '{nme} is unknown'],
    [{ format: ' ' }, false, '--format is empty'],
    [{ format: '{name}', quiet: true }, false, 'give one of them'],
    [{ format: '{name}' }, true, 'give one of them'],
    [{ tag: ['zone'] }, false, '--tag: "zone" is not of the form KEY=VALUE'],
  ])('rejects %j', (options, json, message) => {
    expect(() => linesOf(options, json)).toThrow(UsageError);
    expect(() => linesOf(options, json)).toThrow(message);
  });
});
