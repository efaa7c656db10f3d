import { describe, expect, it } from '@jest/globals';
import { timeGrowth } from '@rankd/testkit';
import fc from 'fast-check';
import { EVENT_CHARS_MAX, sseParser, type RawEvent } from '../../../src/stream/sse-parser.js';

const parse = (...pieces: readonly string[]): RawEvent[] => {
  const push = sseParser();
  return pieces.flatMap(piece => push(piece));
};

describe('a stream of server-sent events', () => {
  it('has events with names and data', () => {
    expect(parse('event: view\ndata: {"a":1}\n\nevent: pulse\ndata: {}\n\n')).toEqual([
      { event: 'view', data: '{"a":1}' },
      { event: 'pulse', data: '{}' },
    ]);
  });

  it('may have comments, retry and id, events without data or name, and data of several lines', () => {
    const text = ': here\n\nretry: 1000\n\nid: 7\nevent: none\n\ndata: one\ndata:two\ndata\n\n';
    expect(parse(text)).toEqual([{ event: 'message', data: 'one\ntwo\n' }]);
  });

  it('returns an event only when it is complete', () => {
    const push = sseParser();
    expect(push('event: view\nda')).toEqual([]);
    expect(push('ta: x\n')).toEqual([]);
    expect(push('\n')).toEqual([{ event: 'view', data: 'x' }]);
  });

  it('takes time linear in the length of a line, for any number of pieces', () => {
    const read = (pieces: number): void => {
      const push = sseParser();
      for (let left = pieces; left > 0; left -= 1) push('x'.repeat(100));
      expect(push('\n')).toEqual([]);
    };
    expect(timeGrowth(read, 300, 10)).toBeLessThan(30);
  });

  it('is parsed the same way for every cut and every kind of line end', () => {
    const text = fc.constantFrom('event: view\n', 'data: {"x":"ä:\\n"}\n', 'data: ::  \n', '\n', ': c\n', 'event:a\n');
    fc.assert(
      fc.property(fc.array(text), fc.array(fc.nat(200)), fc.constantFrom('\n', '\r\n', '\r'), (lines, cuts, end) => {
        // A CR at the very end counts only after the next piece shows that no LF follows.
        const whole = `${lines.join('')}data: last\n\n: end\n`.replaceAll('\n', end);
        const places = [0, ...cuts.filter(cut => cut < whole.length).sort((one, other) => one - other), whole.length];
        const pieces = places.slice(1).map((to, index) => whole.slice(places[index], to));
        expect(parse(...pieces)).toEqual(parse(`${lines.join('')}data: last\n\n: end\n`));
      }),
    );
  });
});

it('accepts an incomplete event of EVENT_CHARS_MAX characters, and rejects one past it', () => {
  const piece = 'x'.repeat(EVENT_CHARS_MAX / 64);
  const feed = (characters: number): void => {
    const parse = sseParser();
    for (let fed = 0; fed < characters; fed += piece.length) {
      expect(parse(piece.slice(0, characters - fed))).toEqual([]);
    }
  };
  feed(EVENT_CHARS_MAX);
  expect(() => feed(EVENT_CHARS_MAX + 1)).toThrow('an event is longer than 67,108,864 characters');
});
