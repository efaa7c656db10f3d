import { describe, expect, it } from '@jest/globals';
import { fillPlaceholders, findPlaceholders } from '../../../src/programs/line/placeholders.js';
import { programEnvironment } from '../../../src/programs/line/program-line.js';
import { readMemberFields } from '../../../src/programs/line/member-fields.js';

const fields = {
  ...{ rank: '2', size: '5', slot: '3', name: 'ann', member: 'm1', group: 'g', leader: 'bob', fence: '' },
} as const;

describe('the placeholders of a line (R-PROG-1)', () => {
  it.each([
    ['{rank}', '2'],
    ['--shard={rank}/{size}', '--shard=2/5'],
    ['{slot}{name}{member}{group}{leader}', '3annm1gbob'],
    ['[{fence}]', '[]'],
    ['{{rank}}', '{rank}'],
    ['${rank}', '${rank}'],
    ['${{rank}}', '${{rank}}'],
    ['$ {rank}', '$ 2'],
    ['{{{rank}}}', '{{rank}}'],
    ['{rank}} {{rank} ${rank}}', '2} {2 ${rank}}'],
    ['{Rank} {ranks} { rank } {} {rank', '{Rank} {ranks} { rank } {} {rank'],
    ['{"a":{"rank":1},"b":{rank}}', '{"a":{"rank":1},"b":2}'],
    ['%{rank} $1 $& {name}', '%2 $1 $& ann'],
  ])('fills %j', (text, filled) => {
    expect(fillPlaceholders(text, fields)).toBe(filled);
  });

  it('does not fill the placeholders in a value', () => {
    expect(fillPlaceholders('{name}', { ...fields, name: '{rank}$&' })).toBe('{rank}$&');
  });

  it('finds those that are filled, and no others', () => {
    expect([...findPlaceholders(['${size} {{slot}} {rank}', 'x{leader}'])]).toEqual(['rank', 'leader']);
  });
});

describe('the environment of a program (R-PROG-1)', () => {
  const line = { words: ['x'], env: { SHARD: '{slot}', RANKD_RANK: 'mine' } } as const;

  it('has the fields, and --env over them, but no secret of rankctl', () => {
    const secrets = ['RANKD_TOKEN', 'RANKD_ADMIN_TOKEN', 'RANKD_HTTP_TOKEN', 'RANKD_REDIS_URL'];
    const inherited = Object.fromEntries(secrets.flatMap(name => [name, `${name}_FILE`]).map(name => [name, 'secret']));
    const environment = programEnvironment(line, fields, { ...inherited, PATH: '/bin', NODE_OPTIONS: '-r x' });
    expect(environment).toEqual({
      ...{ PATH: '/bin', NODE_OPTIONS: '-r x', SHARD: '3', RANKD_RANK: 'mine', RANKD_SIZE: '5', RANKD_SLOT: '3' },
      ...{ RANKD_GROUP: 'g', RANKD_MEMBER: 'm1', RANKD_NAME: 'ann', RANKD_LEADER: 'bob', RANKD_LEADS: '0' },
    });
  });

  it('has a fence only while the member leads, whatever it inherits', () => {
    const plain = { words: ['x'], env: {} } as const;
    const leading = { ...fields, rank: '0', fence: '7-12' };
    expect(programEnvironment(plain, leading, {})).toMatchObject({ RANKD_LEADS: '1', RANKD_FENCE: '7-12' });
    expect(programEnvironment(plain, fields, { RANKD_FENCE: '1-1' })).not.toHaveProperty('RANKD_FENCE');
  });

  it('reads the fields of a member without a session as empty', () => {
    const none = { rank: undefined, size: undefined, slot: undefined, name: undefined, member: undefined };
    const all = readMemberFields({ ...none, group: undefined, leader: undefined, fence: undefined });
    expect(new Set(Object.values(all))).toEqual(new Set(['']));
  });
});
