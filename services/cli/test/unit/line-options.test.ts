import { describe, expect, it } from '@jest/globals';
import { bashCandidates } from '../../src/completion/bash-candidates.js';
import { lineOptions } from '../../src/completion/line-options.js';
import { memberCandidates } from '../../src/completion/member-candidates.js';

describe('the options of a line that is completed', () => {
  it.each([
    ['rankctl move ', {}],
    ['rankctl --url rankd://h:1 --group=g move ', { url: 'rankd://h:1', group: 'g' }],
    ['rankctl move --group a --group b ', { group: 'b' }],
    [String.raw`rankctl --group 'it'"s" --token a\ b move`, { group: 'its', token: 'a b' }],
    [`rankctl --token 'un finished`, { token: 'un finished' }],
    [String.raw`rankctl --token 'a\b' --group "x\"y"`, { token: String.raw`a\b`, group: 'x"y' }],
    ['rankctl remove -- --group g', {}],
    ['rankctl --group', {}],
    ['rankctl --url $URL --group `date`', { url: '$URL', group: '`date`' }],
  ])('%s', (line, options) => {
    expect(lineOptions(line)).toEqual(options);
  });
});

describe('a name with spaces', () => {
  const member = (name: string): Parameters<typeof memberCandidates>[0][number] => ({
    ...{ rank: 0, member: `m-${name.length}`, name, slot: 0, tags: {}, address: '', joinedAt: '', state: 'present' },
  });
  const inBash = { shell: 'bash', isAfterDashes: false } as const;

  it('stays one candidate, and the id replaces a name that no line could show', () => {
    const names = ['big ann', ' ann', 'ann ', 'a\u00a0b', 'a\nb'];
    expect(memberCandidates(names.map(member), inBash)).toEqual(['big ann', 'm-4', 'm-4', 'm-3', 'm-3']);
  });

  it.each([
    [{ kept: '', replaced: 'b' }, 'big\\ ann'],
    [{ kept: '', replaced: 'big\\ a' }, 'big\\ ann'],
    [{ kept: "'", replaced: 'big a' }, 'big ann'],
    [{ kept: '"', replaced: '' }, 'big ann'],
  ])('is quoted in bash: %j', (typed, candidate) => {
    expect(bashCandidates(typed, ['big ann'])).toEqual([candidate]);
  });
});
