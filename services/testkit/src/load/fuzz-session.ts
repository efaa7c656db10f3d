/** Sends one session of the fuzzer. */

import { connect } from 'node:net';
import { errorCodes } from '@rankd/protocol';

/** How long a session may take, ms. The server's own deadlines are far shorter. */
const SESSION_MS = 20_000;
const byeCodes: ReadonlySet<string> = new Set(
  Object.entries(errorCodes).flatMap(([code, { on }]) => (on.some(frame => frame === 'bye') ? [code] : [])),
);
/** A line end and a `leave`. After any bytes of the session, the server then ends the session and sends a `bye`. */
const GOODBYE = Buffer.from('\n{"type":"leave"}\n');

/** How to send a session. */
export interface FuzzSessionOptions {
  readonly port: number;
  readonly localAddress: string | undefined;
  /** The number of writes. */
  readonly pieces: number;
  /** `ends-early`: this peer closes without sending `leave`. */
  readonly ending: 'ends-early' | 'says-goodbye';
}

/**
 * Sends `bytes` as one session. Returns the code of the server's `bye`, or 'went' if this peer closed early.
 * @throws Error if the server sends anything except frames, or ends the session without a code
 */
export async function runFuzzSession(bytes: Buffer, options: FuzzSessionOptions): Promise<string> {
  const { port, localAddress, pieces, ending } = options;
  const socket = connect({
    port,
    host: '127.0.0.1',
    noDelay: true,
    ...(localAddress === undefined ? {} : { localAddress }),
  });
  const received: Buffer[] = [];
  socket.on('data', chunk => received.push(chunk));
  const closed = new Promise((resolve, reject) => {
    socket.setTimeout(SESSION_MS, () => socket.destroy(new Error(`no end within ${SESSION_MS} ms`)));
    socket.once('error', reject);
    socket.once('close', resolve);
  });
  socket.once('connect', () => {
    const step = Math.ceil(bytes.length / pieces);
    for (let start = 0; start < bytes.length; start += step) socket.write(bytes.subarray(start, start + step));
    if (ending === 'ends-early') socket.end(() => socket.destroy());
    else socket.write(GOODBYE);
  });
  await closed;
  return ending === 'ends-early' ? 'went' : byeCodeIn(Buffer.concat(received).toString('utf8'));
}

function byeCodeIn(text: string): string {
  const frames = text.split('\n');
  if (frames.pop() !== '') throw new Error(`the answer ends within a frame: ${text.slice(-200)}`);
  for (const frame of frames) if (typeof parse(frame)['type'] !== 'string') throw new Error(`not a frame: ${frame}`);
  const { type, code, message, retry } = parse(frames.at(-1) ?? '{}');
  const isBye = type === 'bye' && typeof message === 'string' && typeof retry === 'boolean';
  if (!isBye || typeof code !== 'string' || !byeCodes.has(code)) {
    throw new Error(`the session ended without a bye that has a known code, after: ${text.slice(-200)}`);
  }
  return code;
}

function parse(frame: string): Readonly<Record<string, unknown>> {
  return JSON.parse(frame) as Record<string, unknown>;
}
