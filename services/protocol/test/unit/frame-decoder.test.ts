import { describe, expect, it } from '@jest/globals';
import { FrameDecoder } from '@rankd/protocol';
import fc from 'fast-check';
import { BAD, bytes, cut, decodeAll, decodeNext, line, LIMIT, TOO_LARGE } from './frames.js';

const full = 'x'.repeat(LIMIT);
const RUNS = { numRuns: 300 };

/** Pieces of a stream of every kind: complete lines, line ends, multi-byte characters, invalid UTF-8. */
const piece = fc.oneof(
  fc.constantFrom('\n', '\r\n', '\r', 'é', '€', '😀', '\ufffd', '{}\n', full, `${full}\n`, `${full}\r\n`).map(bytes),
  fc.string({ maxLength: LIMIT, unit: 'binary' }).map(bytes),
  fc.uint8Array({ maxLength: 3 }).map(wrong => Buffer.from(wrong)),
);
const stream = fc.array(piece, { maxLength: 12 }).map(pieces => Buffer.concat(pieces));
const places = fc.array(fc.nat({ max: 200 }), { maxLength: 20 });

const everyByte = (whole: Buffer): Buffer[] => [...whole].map(byte => Buffer.from([byte]));

/** The bytes after the last \n, which a decoder may have to keep. */
const unfinished = (whole: Buffer): Buffer => whole.subarray(whole.lastIndexOf(0x0a) + 1);

describe('the frame decoder', () => {
  it('R-FRAME-1 returns the same frames for the same bytes, in any split', () => {
    const isSame = (whole: Buffer, at: number[]): void => {
      const frames = decodeAll([whole]);
      expect(decodeAll(cut(whole, at))).toEqual(frames);
      expect(decodeAll(everyByte(whole))).toEqual(frames);
    };
    fc.assert(fc.property(stream, places, isSame), RUNS);
  });

  it('R-FRAME-1 returns every line in order', () => {
    const text = fc.string({ minLength: 1, maxLength: 5, unit: 'grapheme' }).filter(each => !/[\r\n]/u.test(each));
    const lines = fc.array(fc.tuple(text, fc.constantFrom('\n', '\r\n')));
    const givesBack = (sent: [string, string][], at: number[]): void => {
      const whole = bytes(sent.map(each => each.join('')).join(''));
      expect(decodeAll(cut(whole, at), 1000)).toEqual(sent.map(([each]) => line(each)));
    };
    fc.assert(fc.property(lines, places, givesBack), RUNS);
  });

  it('R-FRAME-1 ends a line at \\n, and removes the \\r before it', () => {
    expect(decodeAll([bytes('one\r\ntwo\nthree')])).toEqual([line('one'), line('two')]);
    expect(decodeAll([bytes('one\r'), bytes('\n')])).toEqual([line('one')]);
    expect(decodeAll([bytes('o\rne\n')])).toEqual([line('o\rne')]);
  });

  it('R-FRAME-1 ignores empty lines', () => {
    expect(decodeAll([bytes('\n\r\n\n'), bytes('one\n'), bytes('\r'), bytes('\n\n')])).toEqual([line('one')]);
  });

  it.each([
    ['the limit, \\n', `${full}\n`, [line(full)]],
    ['the limit, \\r\\n', `${full}\r\n`, [line(full)]],
    ['one more, \\n', `${full}x\n`, [TOO_LARGE]],
    ['one more, \\r\\n', `${full}x\r\n`, [TOO_LARGE]],
    ['the limit, \\r and something else', `${full}\rx\n`, [TOO_LARGE]],
    ['the limit, unfinished', full, []],
    ['the limit and \\r, without a line end', `${full}\r`, []],
    ['the limit and two \\r, without a line end', `${full}\r\r`, [TOO_LARGE]],
    ['one more, unfinished', `${full}x`, [TOO_LARGE]],
    ['one more byte, but not one more character', `${full.slice(1)}é\n`, [TOO_LARGE]],
  ])('R-FRAME-2 counts bytes without the line end: %s', (_what, sent, frames) => {
    expect(decodeAll([bytes(sent)])).toEqual(frames);
    expect(decodeAll(everyByte(bytes(sent)))).toEqual(frames);
  });

  it('R-FRAME-2 rejects a line with the read that passes the limit, so that it never keeps more than the limit', () => {
    const keepsLittle = (whole: Buffer, at: number[]): void => {
      const decoder = new FrameDecoder(LIMIT);
      let received = Buffer.alloc(0);
      for (const chunk of cut(whole, at)) {
        received = Buffer.concat([received, chunk]);
        if (decodeNext(decoder, chunk).some(({ kind }) => kind === 'refused')) return;
        const kept = unfinished(received);
        expect(kept.at(-1) === 0x0d ? kept.length - 1 : kept.length).toBeLessThanOrEqual(LIMIT);
      }
    };
    fc.assert(fc.property(stream, places, keepsLittle), RUNS);
  });

  it('R-FRAME-2 counts a line of several reads as a whole', () => {
    expect(decodeAll([bytes('x'.repeat(LIMIT - 1)), bytes('x')])).toEqual([]);
    expect(decodeAll([bytes('x'.repeat(LIMIT - 1)), bytes('xx')])).toEqual([TOO_LARGE]);
    expect(decodeAll([bytes(`${full}\nx`), bytes(`${full.slice(1)}\n`)])).toEqual([line(full), line(full)]);
  });

  it('R-FRAME-2 raises the limit from the next line on, even within one read', () => {
    const decoder = new FrameDecoder(LIMIT);
    const texts: unknown[] = [];
    decoder.push(bytes(`hello\n${full}${full}\n${full}`));
    for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) {
      texts.push(frame);
      decoder.allow(2 * LIMIT);
    }
    expect([...texts, ...decodeNext(decoder, bytes(`${full}x`))]).toEqual([
      line('hello'),
      line(full + full),
      TOO_LARGE,
    ]);
  });

  it.each([
    ['a lone continuation', [0x80]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['past the last code point', [0xf4, 0x90, 0x80, 0x80]],
    ['an incomplete character', [0xe2, 0x82]],
    ['0xff', [0xff]],
  ])('R-FRAME-3 rejects invalid UTF-8: %s', (_what, wrong) => {
    const whole = Buffer.concat([bytes('ok\n'), bytes('"'), Buffer.from(wrong), bytes('"\nmore\n')]);
    expect(decodeAll([whole])).toEqual([line('ok'), BAD]);
    expect(decodeAll(everyByte(whole))).toEqual([line('ok'), BAD]);
  });

  it('R-FRAME-3 accepts a replacement character that was sent, and characters that a read cuts in two', () => {
    expect(decodeAll([bytes('a\ufffdb\n')])).toEqual([line('a\ufffdb')]);
    expect(decodeAll(everyByte(bytes('é€😀\n')))).toEqual([line('é€😀')]);
  });

  it('R-BYE-1 returns nothing after a rejected line, for any further bytes', () => {
    const saysNothing = (whole: Buffer, at: number[]): void => {
      const frames = decodeAll(cut(Buffer.concat([whole, bytes(`${full}xx\nmore\n`)]), at));
      const refusals = frames.filter(({ kind }) => kind === 'refused');
      expect([refusals.length, frames.at(-1)?.kind]).toEqual([1, 'refused']);
    };
    fc.assert(fc.property(stream, places, saysNothing), RUNS);
    const decoder = new FrameDecoder(LIMIT);
    expect(decodeNext(decoder, bytes(`${full}x`))).toEqual([TOO_LARGE]);
    expect([...decodeNext(decoder, bytes('\n{}\n')), ...decodeNext(decoder, bytes('{}\n'))]).toEqual([]);
  });
});
