import { describe, expect, it } from '@jest/globals';
import { coreSentence } from '../../src/report/result-table.js';

describe('the rates of the core', () => {
  it('are described in one sentence for each size', () => {
    const rates = { members: 100_000, joins: 276_893.6, replacements: 317_998, commands: 298_583, moves: 1_325_267 };
    expect(coreSentence(rates)).toBe(
      'core, 100,000 members, entries per second: joins 276,894, leaving and joining 317,998, commands 298,583, moves 1,325,267',
    );
  });
});
