import { describe, expect, it } from '@jest/globals';
import { LiveRegion } from '../../src/output/live-region.js';
import { unpainted, type Terminal } from '../../src/output/terminal.js';

function terminalOf(isInteractive: boolean, rows: number): { terminal: Terminal; written: string[] } {
  const written: string[] = [];
  const terminal = {
    isInteractive,
    rows,
    columns: 80,
    unread: new AbortController().signal,
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

  it('follows the one before if there is no screen', () => {
    const { terminal, written } = terminalOf(false, Number.POSITIVE_INFINITY);
    const redraw = new LiveRegion(terminal);
    redraw.show(['a']);
    redraw.show(['b']);
    expect(written).toEqual(['a', '\nb']);
  });
});
