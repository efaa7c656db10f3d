import { describe, expect, it } from '@jest/globals';
import { errorCodes } from '../../../src/error-codes.js';
import { OpeningBytes } from '../../../src/frames/opening-bytes.js';
import { explainMistake, findMistake, type Mistake, mistakes } from '../../../src/mistakes.js';

const names = Object.keys(mistakes) as Mistake[];

describe('the table of mistakes', () => {
  it.each(names)('has a code and two sentences for %s', name => {
    const { code, meaning, remedy } = mistakes[name];
    expect(Object.keys(errorCodes)).toContain(code);
    for (const sentence of [meaning, remedy]) expect(sentence).toMatch(/^\S.*[^.\s]$/);
    expect(explainMistake(name)).toBe(`${meaning}: ${remedy}`);
    expect(explainMistake(name, 'ann:2700')).toBe(`${meaning} (ann:2700): ${remedy}`);
    expect([findMistake(explainMistake(name)), findMistake(explainMistake(name, 'x'))]).toEqual([name, name]);
  });

  it('finds no mistake in another message', () => {
    expect([findMistake(''), findMistake('no place is free')]).toEqual([undefined, undefined]);
  });
});

describe('the first bytes of a connection', () => {
  const read = (text: string, size: number): unknown => {
    const opening = new OpeningBytes();
    const bytes = Buffer.from(text, 'latin1');
    for (let at = 0; at < bytes.length; at += size) {
      const seen = opening.push(bytes.subarray(at, at + size));
      if (seen !== undefined) return seen;
    }
    return undefined;
  };

  it.each([
    ['{"type":"hello"}\n', 'frames'],
    ['\r\n \n{"type":"hello"}\n', 'frames'],
    ['PROXY TCP4 1.2.3.4', 'proxy header'],
    ['\r\n\r\n\0\r\nQUIT\n!', 'proxy header'],
    ['GET / HTTP/1.1\r\n', 'http request'],
    ['OPTIONS * HTTP/1.1\r\n', 'http request'],
    ['HTTP/1.1 400 Bad Request\r\n', 'http answer'],
    ['\x16\x03\x01\x02\0', 'tls handshake'],
    ['\x15\x03\x01\0\x02', 'tls alert'],
    ['-NOAUTH Authentication required', 'redis answer'],
    ['nonsense', 'unknown'],
    ['PROXIMITY', 'unknown'],
    ['G\n', 'unknown'],
    ['\n'.repeat(100), 'unknown'],
    ['GE', undefined],
    ['\r\n\r\n', undefined],
  ])('%j are %s, in any split', (text, expected) => {
    expect([1, 2, 3, 100].map(size => read(text, size))).toEqual(Array(4).fill(expected));
  });
});
