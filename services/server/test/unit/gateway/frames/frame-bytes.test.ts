import { describe, expect, it } from '@jest/globals';
import { frameBytes } from '../../../../src/gateway/frames/frame-bytes.js';

describe('frameBytes', () => {
  it.each([
    ['nothing', ''],
    ['one byte a character', '{"type":"ping"}\n'],
    ['a character of two bytes', '{"name":"Zoë"}\n'],
    ['one of two bytes that would just fit without the last', 'é!'],
    ['one that ends where its bytes would', 'ab€'],
    ['characters of two units', '{"name":"😀"}\n'],
    ['characters whose lower byte is ASCII', '\u0141\u0142'],
    ['half a character', 'a\ud83d'],
    ['a zero byte', 'a\0b'],
    ['more than one piece of memory', `${'x'.repeat(100_000)}ö`],
  ])('are those of UTF-8: %s', (_, text) => {
    expect(frameBytes(text).equals(Buffer.from(text))).toBe(true);
  });

  it('are made of a text that was put together of pieces', () => {
    let text = '';
    for (let piece = 0; piece < 1000; piece += 1)
      text += `{"seq":${piece},"name":"${piece % 100 === 0 ? 'Zoë' : 'ann'}"}\n`;
    expect(frameBytes(text).toString()).toBe(text);
  });
});
