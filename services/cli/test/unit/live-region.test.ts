import { describe, expect, it } from '@jest/globals';
import { LiveRegion } from '../../src/terminal/live-region.js';
import { unpainted, type Terminal } from '../../src/terminal/terminal.js';

function terminalOf(isInteractive: boolean, rows: number, columns = 80): { terminal: Terminal; written: string[] } {
  const written: string[] = [];
  const terminal = {
    isInteractive,
    rows,
    columns,
    unread: new AbortController().signal,
    watchReaders: () => undefined,
    waitingBytes: 0,
    afterDrain: (run: () => void) => run(),
    write: (text: string) => void written.push(text),
    say: () => undefined,
    paint: unpainted,
  };
  return { terminal, written };
}

describe('a table that is shown again', () => {
  it('replaces the one before on a screen', () => {
    const { terminal, written } = terminalOf(true, 24);
    const redraw = new LiveRegion(terminal);
    redraw.show(['a', 'b']);
    redraw.show(['c']);
    redraw.show(['d']);
    expect(written).toEqual(['a\nb', '\x1b[2A\x1b[Jc', '\x1b[1A\x1b[Jd']);
  });

  it('is never higher than the screen', () => {
    const { terminal, written } = terminalOf(true, 4);
    new LiveRegion(terminal).show(['1', '2', '3', '4', '5']);
    expect(written).toEqual(['1\n2\n… and 3 more']);
  });

  it.each([
    ['ASCII', 'abcdefghijk'],
    ['Japanese', '日本語日本語'],
    ['emoji', '🦉🦉🦉🦉🦉🦉'],
    ['text with colours', `\x1b[1m${'a'.repeat(11)}\x1b[22m`],
  ])('counts the rows that a line of %s takes on a screen of ten columns', (_what, wide) => {
    const { terminal, written } = terminalOf(true, 24, 10);
    const redraw = new LiveRegion(terminal);
    redraw.show([wide, 'e\u0301'.repeat(10), '']);
    redraw.show(['x']);
    expect(written[1]).toBe('\x1b[4A\x1b[Jx');
  });

  it('counts rows when it cuts at the end of the screen', () => {
    const { terminal, written } = terminalOf(true, 5, 10);
    new LiveRegion(terminal).show(['日本語日本語', 'a', 'b', 'c']);
    expect(written).toEqual(['日本語日本語\na\n… and 2 more']);
  });

  it.each([0, undefined, -1])('takes 80 columns and 24 rows if the terminal reports the size %s', size => {
    const { terminal, written } = terminalOf(true, size as number, size);
    const redraw = new LiveRegion(terminal);
    redraw.show(Array.from({ length: 30 }, (_, at) => String(at)));
    redraw.show(['x']);
    expect(written[0]?.split('\n').slice(-2)).toEqual(['21', '… and 8 more']);
    expect(written[1]).toBe('\x1b[23A\x1b[Jx');
  });

  it('follows the one before if there is no screen', () => {
    const { terminal, written } = terminalOf(false, Number.POSITIVE_INFINITY);
    const redraw = new LiveRegion(terminal);
    redraw.show(['a']);
    redraw.show(['b']);
    expect(written).toEqual(['a', '\nb']);
  });
});
