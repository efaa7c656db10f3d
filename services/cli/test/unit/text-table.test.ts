import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import stringWidth from 'string-width';
import { painted, unpainted } from '../../src/terminal/terminal.js';
import { textTable } from '../../src/output/text-table.js';

const wide = { paint: unpainted, columns: Number.POSITIVE_INFINITY };

describe('a table', () => {
  it('aligns its columns and has no trailing spaces', () => {
    expect(
      textTable(
        ['A', 'NAME', 'C'],
        [
          ['1', 'x', ''],
          ['22', 'longer', 'z'],
        ],
        wide,
      ),
    ).toEqual(['A   NAME    C', '1   x', '22  longer  z']);
  });

  it('counts a letter of two code units once', () => {
    expect(textTable(['N', 'X'], [['🦉', '1']], wide)[1]).toBe('🦉  1');
  });

  it.each([
    ['an emoji', '🦉', 2],
    ['a flag of two letters', '🇯🇵', 2],
    ['an emoji with a skin tone', '👍🏽', 2],
    ['a keycap: a digit with two marks', '1️⃣', 2],
    ['Japanese', '日本語', 6],
    ['half-width Japanese, with a mark in a column', 'ﾊﾞ', 2],
    ['Korean, composed and decomposed', '한글한', 6],
    ['an accent that is a character of its own', 'Zoe\u0308', 3],
    ['many accents on one letter', `a${'\u0301'.repeat(60)}`, 1],
    ['Cyrillic', 'Жанна', 5],
  ])('gives %s as many columns as a terminal does', (_what, name, width) => {
    const lines = textTable(
      ['', 'X'],
      [
        [name, '1'],
        ['1234567', '2'],
      ],
      wide,
    );
    expect(lines).toEqual(['         X', `${name}${' '.repeat(9 - width)}1`, '1234567  2']);
  });

  it('gives a style only to text, so that colours change no width', () => {
    const rows = [[{ text: 'a', style: 'green' as const }, 'b']];
    const [, line = ''] = textTable(['LONG', 'X'], rows, { paint: painted, columns: 80 });
    expect(line).toBe('\x1b[32ma\x1b[39m     b');
  });

  it('is cut at the end of the screen', () => {
    const rows = [['abcdef', 'ghijkl', 'mnop']];
    const lines = textTable(['A', 'B', 'C'], rows, { paint: unpainted, columns: 12 });
    expect(lines).toEqual(['A       B', 'abcdef  ghi…']);
    for (const columns of [1, 2, 7, 8, 9, 10, 14, 15, 16, 17, 18]) {
      for (const line of textTable(['A', 'B', 'C'], rows, { paint: unpainted, columns })) {
        expect(line.length).toBeLessThanOrEqual(columns);
      }
    }
  });
});

describe('a table for a terminal that reports no size', () => {
  it.each([0, undefined, Number.NaN])('is as for 80 columns: %s', columns => {
    const rows = [['x'.repeat(70), 'y'.repeat(20)]];
    const table = (width: number): string[] => textTable(['A', 'B'], rows, { paint: unpainted, columns: width });
    expect(table(columns as number)).toEqual(table(80));
    expect(table(80)[1]).toBe(`${'x'.repeat(70)}  ${'y'.repeat(7)}…`);
  });
});

describe('text that is cut', () => {
  const cut = (text: string, columns: number): string => {
    const [, line = ''] = textTable([''], [[text]], { paint: unpainted, columns });
    return line;
  };

  it('loses whole graphemes: no half of an emoji, no accent without its letter', () => {
    expect([1, 2, 3, 4, 5, 6].map(columns => cut('日本語', columns))).toEqual([
      '',
      '…',
      '日…',
      '日…',
      '日本…',
      '日本語',
    ]);
    expect([2, 3, 4].map(columns => cut('e\u0301'.repeat(4), columns))).toEqual([
      'e\u0301…',
      'e\u0301e\u0301…',
      'e\u0301'.repeat(4),
    ]);
    expect([2, 3, 4, 5].map(columns => cut('👍🏽🇯🇵🦉', columns))).toEqual(['…', '👍🏽…', '👍🏽…', '👍🏽🇯🇵…']);
  });

  it('is never wider than the screen', () => {
    const character = fc.constantFrom('a', '日', '🦉', 'e\u0301', '1️⃣', '🇯🇵', 'ﾞ', '\u200d', '\u0301', 'ᄒ', 'ᅡ');
    fc.assert(
      fc.property(fc.array(fc.array(character)), fc.integer({ min: 1, max: 40 }), (cells, columns) => {
        const row = cells.map(each => each.join(''));
        for (const line of textTable(row, [row], { paint: unpainted, columns })) {
          expect(stringWidth(line)).toBeLessThanOrEqual(columns);
        }
      }),
    );
  });
});

describe('a name from the network', () => {
  it('has no control characters in the table', () => {
    const [, line] = textTable(['A', 'B'], [['a\x1b[2Jb\r\nc\u202e', { text: '\x9b', style: 'bold' }]], {
      paint: unpainted,
      columns: 80,
    });
    expect(line).toBe(String.raw`a\u001b[2Jb\u000d\u000ac\u202e  \u009b`);
  });
});
