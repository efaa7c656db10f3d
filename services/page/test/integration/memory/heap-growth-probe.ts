/** Reads many streams one after another, with one signal. Prints by how much the heap has grown since the first streams, in bytes. */

import { setTimeout as sleep } from 'node:timers/promises';
import { readEvents } from '../../../src/stream/event-reader.js';
import { LockTurn, VisibleTurn } from '../../../src/stream/stream-turn.js';

const COUNTS = { before: 2000, measured: 20_000 };

const event = new TextEncoder().encode('event: view\ndata: {}\n\n');
const { signal } = new AbortController();
/** Grants every lock at once. */
const locks = {
  request: async (_: string, __: object, run: () => Promise<unknown>) => run(),
} as unknown as LockManager;
const turns = [new LockTurn(locks, 'stream'), new VisibleTurn()];

Object.assign(globalThis, {
  document: new (class extends EventTarget {
    readonly hidden = false;
  })(),
  fetch: async (_: string, { signal: given }: { readonly signal: AbortSignal }) => {
    given.addEventListener('abort', () => undefined);
    return Promise.resolve(new Response(event));
  },
});

async function readStreams(count: number): Promise<void> {
  for (let read = 0; read < count; read += 1) {
    const turn = turns[read % turns.length] ?? turns[0];
    await turn?.hold(async () => readEvents({ path: '/', token: undefined, signal, told: () => undefined }), signal);
  }
}

async function heapBytes(): Promise<number> {
  for (let round = 0; round < 3; round += 1) {
    globalThis.gc?.();
    await sleep(1);
  }
  return process.memoryUsage().heapUsed;
}

async function main(): Promise<void> {
  await readStreams(COUNTS.before);
  const before = await heapBytes();
  await readStreams(COUNTS.measured);
  console.log((await heapBytes()) - before);
}

void main();
