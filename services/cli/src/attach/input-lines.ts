/** Reads lines from a pipe or a file. */

import { FrameDecoder, type DecodedFrame } from '@rankd/protocol';
import { NotDone } from '../errors.js';

/** The longest line of the input, bytes. It is larger than the largest frame that a server accepts. */
export const LINE_BYTES_MAX = 16 * 1024 * 1024;

/**
 * Returns the lines of the input that are not empty. A line ends with `\n` or `\r\n` only: since Node 26, readline also ends a line at
 * U+2028 and U+2029, which JSON allows in strings. The next bytes are read only when the caller asks for the next line. So a long input
 * does not fill the memory of this process.
 * @throws NotDone LINE_TOO_LONG or BAD_INPUT
 */
export async function* inputLines(input: AsyncIterable<Buffer>, lineBytesMax = LINE_BYTES_MAX): AsyncGenerator<string> {
  const decoder = new FrameDecoder(lineBytesMax);
  for await (const bytes of readToEnd(input)) {
    decoder.push(bytes);
    yield* completeLines(decoder, lineBytesMax);
  }
  // The last line may have no end.
  decoder.push(Buffer.from('\n'));
  yield* completeLines(decoder, lineBytesMax);
}

/** A terminal that has disappeared fails with EIO. That is the end of the input. */
async function* readToEnd(input: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* input;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EIO') return;
    throw new NotDone('BAD_INPUT', `the input cannot be read (${code ?? message}): the lines after it were not read`);
  }
}

function* completeLines(decoder: FrameDecoder, lineBytesMax: number): Generator<string> {
  for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) yield lineOf(frame, lineBytesMax);
}

function lineOf(frame: DecodedFrame, lineBytesMax: number): string {
  if (frame.kind === 'line') return frame.text;
  if (frame.code === 'BAD_FRAME') {
    throw new NotDone('BAD_INPUT', 'a line of the input is not UTF-8: the lines after it were not read');
  }
  throw new NotDone(
    'LINE_TOO_LONG',
    `a line of the input is longer than ${lineBytesMax} bytes: the lines after it were not read`,
  );
}
