import { PassThrough } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { InteractivePrompt } from '../../src/attach/interactive-prompt.js';
import type { CommandContext } from '../../src/commands/command-context.js';
import { OUTPUT_BYTES_MAX } from '../../src/terminal/standard-output.js';
import { unpainted, type Terminal } from '../../src/terminal/terminal.js';
import { withoutBacklog } from '../../src/terminal/without-backlog.js';

/** A terminal on a stream that the test reads when it wants to. */
function slowTerminal(): { readonly terminal: Terminal; readonly stream: PassThrough } {
  const stream = new PassThrough({ highWaterMark: 1 });
  const terminal: Terminal = {
    isInteractive: false,
    rows: Number.POSITIVE_INFINITY,
    columns: Number.POSITIVE_INFINITY,
    unread: new AbortController().signal,
    watchReaders: () => undefined,
    get waitingBytes() {
      return stream.writableLength;
    },
    afterDrain: run => (stream.writableNeedDrain ? void stream.once('drain', run) : run()),
    write: text => void stream.write(`${text}\n`),
    say: () => undefined,
    paint: unpainted,
  };
  return { terminal, stream };
}

/** Starts to read. Returns a function that resolves with all that was read, once the writer has nothing more to write. */
function startReading(stream: PassThrough): () => Promise<string> {
  let text = '';
  stream.setEncoding('utf8').on('data', (part: string) => (text += part));
  return async () => {
    for (let turn = 0; turn < 10 || stream.writableLength > 0; turn += 1) {
      await new Promise(resolve => setImmediate(resolve));
    }
    return text;
  };
}

describe('an output that is read slowly', () => {
  it('gets the newest roster of a watch, and the ones between are dropped', async () => {
    const { terminal, stream } = slowTerminal();
    let view = 0;
    const show = withoutBacklog(terminal, () => terminal.write(`view ${view}`));
    for (view = 1; view <= 10_000; view += 1) show();
    expect(stream.writableLength).toBeLessThan(100);
    view = 10_000;
    const read = startReading(stream);
    const lines = (await read()).trim().split('\n');
    expect([lines[0], lines.at(-1), lines.length <= 4]).toEqual(['view 1', 'view 10000', true]);
    view = 10_001;
    show();
    expect(await read()).toContain('view 10001');
  });

  it('gets the lines of attach up to a limit, then how many were dropped, then the next ones', async () => {
    const { terminal, stream } = slowTerminal();
    const conversation = new InteractivePrompt({ terminal, json: true } as CommandContext);
    const text = 'x'.repeat(1000);
    const count = 3 * (OUTPUT_BYTES_MAX / text.length);
    for (let at = 0; at < count; at += 1) conversation.print({ event: 'executed', text }, text);
    expect(stream.writableLength).toBeGreaterThanOrEqual(OUTPUT_BYTES_MAX);
    expect(stream.writableLength).toBeLessThan(OUTPUT_BYTES_MAX + 2 * text.length);
    const read = startReading(stream);
    const lines = (await read()).trim().split('\n');
    const last = JSON.parse(lines.at(-1) ?? '') as { event: string; count: number };
    expect(last.event).toBe('dropped');
    expect(lines.length - 1 + last.count).toBe(Math.ceil(count));
    conversation.print({ event: 'rank' }, '');
    expect(await read()).toContain('{"event":"rank"}\n');
  });
});
