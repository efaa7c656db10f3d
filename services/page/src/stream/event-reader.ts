/** Reads an event stream. */

import { onAbort } from '@rankd/protocol/on-abort';
import { printable } from '@rankd/protocol/printable';
import { authorization } from './addresses.js';
import { Restartable } from './restartable.js';
import { sseParser, TooLongError } from './sse-parser.js';
import { readStreamEvents, type GroupEvent } from '../model/stream-event.js';

/** The server sends an event every two seconds. After this time without one, ms, the connection counts as lost. */
const SILENCE_MS = 7000;

/** How a stream ended. `locked`: the token is missing or wrong. */
export type Ending = { readonly kind: 'locked' } | { readonly kind: 'lost'; readonly why: string };

/** The parameters of `readEvents`. */
export interface EventReaderPorts {
  readonly path: string;
  readonly token: string | undefined;
  readonly signal: AbortSignal;
  /** Called with the events of each piece of the stream. */
  readonly told: (events: readonly GroupEvent[]) => void;
}

/** Reads one stream to its end. Returns how it ended. */
export async function readEvents({ path, token, signal, told }: EventReaderPorts): Promise<Ending> {
  // `signal` lives longer than one stream, so fetch gets a signal of its own.
  const reading = new AbortController();
  const timer = new Restartable(SILENCE_MS, () => reading.abort());
  timer.restart();
  const removeListener = onAbort(signal, () => reading.abort());
  try {
    const response = await fetch(path, {
      headers: authorization(token),
      cache: 'no-store',
      signal: reading.signal,
    });
    if (response.status === 401) return { kind: 'locked' };
    if (!response.ok || response.body === null) return { kind: 'lost', why: await refusal(response) };
    const parse = sseParser();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      timer.restart();
      told(readStreamEvents(parse(piece.value)));
    }
    return { kind: 'lost', why: 'the server ended the stream' };
  } catch (error) {
    if (signal.aborted) return { kind: 'lost', why: 'the page missed a change' };
    if (error instanceof TooLongError) return { kind: 'lost', why: error.message };
    return {
      kind: 'lost',
      why: reading.signal.aborted ? 'the server does not answer' : 'the server cannot be reached',
    };
  } finally {
    timer.cancel();
    removeListener();
  }
}

/** Returns the server's reason for a refusal, for example that the limit of open streams is reached. */
async function refusal(response: Response): Promise<string> {
  try {
    const { message } = (await response.json()) as { message?: unknown };
    if (typeof message === 'string') return printable(message);
  } catch {
    // A proxy may answer with something other than JSON.
  }
  return `the server answered ${response.status}`;
}
