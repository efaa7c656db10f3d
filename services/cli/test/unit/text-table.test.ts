import { describe, expect, it } from '@jest/globals';
import { painted, unpainted } from '../../src/output/terminal.js';
import { textTable } from '../../src/output/text-table.js';

const wide = { paint: unpainted, columns: Number.POSITIVE_INFINITY };

describe('a table', () => {
  it('aligns its columns and leaves nothing behind a line', () => {
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

  it('paints text only, so that colours change no width', () => {
    const rows = [[{ text: 'a', style: 'green' as const }, 'b']];
    const [, line = ''] = textTable(['LONG', 'X'], rows, { paint: painted, columns: 80 });
    expect(line).toBe('\x1b[32ma\x1b[39m     b');
  });

  it('is cut where the screen ends', () => {
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

describe('what others named', () => {
  it('steers no terminal', () => {
    const [, line] = textTable(['A', 'B'], [['a\x1b[2Jb\r\nc\u202e', { text: '\x9b', style: 'bold' }]], {
      paint: unpainted,
      columns: 80,
    });
    expect(line).toBe(String.raw`a\u001b[2Jb\u000d\u000ac\u202e  \u009b`);
  });
});
