import { Readable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { inputLines, LINE_BYTES_MAX } from '../../src/attach/input-lines.js';

async function* chunks(...texts: readonly (string | Buffer)[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield await Promise.resolve(Buffer.from(text));
}

async function linesOf(texts: readonly (string | Buffer)[], lineBytesMax?: number): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of inputLines(chunks(...texts), lineBytesMax)) lines.push(line);
  return lines;
}

describe('the lines of a piped input', () => {
  it('end at \\n and \\r\\n only: JSON allows the separators U+2028 and U+2029 in strings', async () => {
    expect(await linesOf(['go "a\u2028b\u2029c\x85"\r\nstay\n'])).toEqual(['go "a\u2028b\u2029c\x85"', 'stay']);
  });

  it('may arrive in any split, and the last one may have no end', async () => {
    const bytes = Buffer.from('go "日本"\n/ls\n\nlast');
    expect(await linesOf([...bytes].map(byte => Buffer.of(byte)))).toEqual(['go "日本"', '/ls', 'last']);
  });

  it('are read one by one: the input is not read further while a line is answered', async () => {
    let read = 0;
    async function* counted(): AsyncGenerator<Buffer> {
      for (; read < 100; read += 1) yield await Promise.resolve(Buffer.from('go\n'));
    }
    const lines = inputLines(counted());
    await lines.next();
    expect(read).toBeLessThanOrEqual(1);
  });

  it('have a limit in bytes', async () => {
    expect(await linesOf(['x'.repeat(10), '\n'], 10)).toEqual(['x'.repeat(10)]);
    await expect(linesOf(['x'.repeat(11), '\n'], 10)).rejects.toMatchObject({ code: 'LINE_TOO_LONG' });
    // A line without an end must not be kept whole.
    await expect(linesOf(['x'.repeat(LINE_BYTES_MAX), 'xx'])).rejects.toMatchObject({ code: 'LINE_TOO_LONG' });
  });

  it.each([
    ['EIO', undefined],
    ['EISDIR', 'BAD_INPUT'],
  ])(
    'may fail with %s: EIO is the end, as when the terminal disappears; others are reported',
    async (code, reported) => {
      const input = new Readable({ read: () => undefined });
      input.push('go\nlast');
      const lines = inputLines(input as AsyncIterable<Buffer>);
      expect(await lines.next()).toEqual({ value: 'go', done: false });
      input.destroy(Object.assign(new Error('the read failed'), { code }));
      const end = lines.next();
      if (reported === undefined) expect(await end).toEqual({ value: 'last', done: false });
      else await expect(end).rejects.toMatchObject({ code: reported, message: expect.stringContaining(code) });
    },
  );

  it('must be UTF-8', async () => {
    await expect(linesOf([Buffer.from([0x67, 0x6f, 0xff, 0x0a])])).rejects.toMatchObject({ code: 'BAD_INPUT' });
  });
});
