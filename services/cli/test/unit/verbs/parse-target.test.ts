import { describe, expect, it } from '@jest/globals';
import { UsageError } from '../../../src/errors.js';
import { parseTarget } from '../../../src/sending/parse-target.js';

describe('parseTarget', () => {
  it.each([
    ['all', 'all'],
    ['0', { ranks: [0] }],
    ['1,3-5', { ranks: [1, 3, 4, 5] }],
    ['name:web-3', { names: ['web-3'] }],
    ['name:tag:a=b', { names: ['tag:a=b'] }],
    ['name:a,b', { names: ['a,b'] }],
    ['tag:zone=eu', { tags: { zone: 'eu' } }],
    ['tag:query=a=b,c', { tags: { query: 'a=b,c' } }],
    ['tag:note=two words', { tags: { note: 'two words' } }],
  ])('%s', (text, target) => {
    expect(parseTarget(text)).toEqual(target);
  });

  it.each([
    ['', 'is not a list of ranks'],
    ['everybody', 'is not a list of ranks such as 0 or 1,3-5, and not one of: all'],
    ['below', 'not one of: all, ranks'],
    ['5-3', 'a range must begin with its smaller number'],
    ['name:', 'the name in --to name:NAME must be a string of 1 to 64'],
    ['name:two words', 'without spaces'],
    [`name:${'x'.repeat(65)}`, 'must be a string of 1 to 64'],
    ['tag:zone', '"zone" is not of the form KEY=VALUE'],
    ['tag:=eu', 'is not of the form KEY=VALUE'],
    ['tag:__proto__=eu', 'is not of the form KEY=VALUE'],
    [`tag:zone=${'x'.repeat(257)}`, '--to tag:KEY=VALUE must be'],
    [`tag:${'x'.repeat(65)}=eu`, '--to tag:KEY=VALUE must be'],
  ])('rejects %j', (text, message) => {
    expect(() => parseTarget(text)).toThrow(UsageError);
    expect(() => parseTarget(text)).toThrow(message);
  });
});
