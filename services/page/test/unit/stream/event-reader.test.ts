import { afterEach, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import type { StreamEvent } from '../../../src/model/stream-event.js';
import { readEvents, type Ending } from '../../../src/stream/event-reader.js';

afterEach(() => {
  jest.restoreAllMocks();
});

const view = { event: 'view', view: 2, cause: { kind: 'joined', name: 'Zoë 🦉 👩‍👩‍👧 日本' } };
const command = { event: 'command', seq: 7, name: 'reload' };
const text = [view, command].map(({ event, ...data }) => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`).join('');

/** Reads a response with these pieces as its body. Returns the events of each piece, and how the stream ended. */
async function read(pieces: readonly Uint8Array[]): Promise<{ told: StreamEvent[][]; ending: Ending }> {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece);
      controller.close();
    },
  });
  jest.spyOn(globalThis, 'fetch').mockResolvedValueOnce(new Response(body));
  const told: StreamEvent[][] = [];
  const { signal } = new AbortController();
  const ending = await readEvents({ path: '/', token: undefined, signal, told: events => told.push([...events]) });
  return { told, ending };
}

const ended = { kind: 'lost', why: 'the server ended the stream' };

it.each(['\n', '\r\n'])('a stream with lines that end in %j is read the same way for every cut', async end => {
  const bytes = new TextEncoder().encode(text.replaceAll('\n', end));
  for (let cut = 1; cut < bytes.length; cut += 1) {
    const { told, ending } = await read([bytes.subarray(0, cut), bytes.subarray(cut)]);
    expect([cut, told.flat(), ending]).toEqual([cut, [view, command], ended]);
  }
});

it('a stream in pieces of any size is read', async () => {
  const bytes = new TextEncoder().encode(text);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(bytes.length)), async cuts => {
      const places = [0, ...cuts.sort((one, other) => one - other), bytes.length];
      const { told } = await read(places.slice(1).map((to, index) => bytes.subarray(places[index], to)));
      expect(told.flat()).toEqual([view, command]);
    }),
  );
});

it('the events of one piece are passed on together, without an incomplete event', async () => {
  const pieces = [text + text, ': still here\n\n', text.slice(0, -1)].map(piece => new TextEncoder().encode(piece));
  const { told } = await read(pieces);
  expect(told).toEqual([[view, command, view, command], [], [view]]);
});
