import { describe, expect, it } from '@jest/globals';
import { escaped } from '../../../../src/gateway/frames/escaped.js';

describe('escaped', () => {
  it('is what JSON.stringify makes between quotes, of every character by itself and among others', () => {
    for (let unit = 0; unit <= 0xffff; unit += 1) {
      const character = String.fromCharCode(unit);
      for (const text of [character, `a${character}`, `${character}z`]) {
        if (`"${escaped(text)}"` !== JSON.stringify(text)) throw new Error(`not so of U+${unit.toString(16)}`);
      }
    }
    expect(escaped('')).toBe('');
  });
});
