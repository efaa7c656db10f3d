/** Measures how long the server's code takes to read a frame. */

import { FrameDecoder, readMessage } from '@rankd/protocol';

/** How much CPU time one frame may take, ms: several hundred times that of the slowest correct frame. */
const FRAME_MS_MAX = 20;
/** A frame is too slow if all of these attempts are too slow: a garbage collection may slow down one attempt. */
const TRIES = 3;

/** Returns a description of the first frame of a session that takes too long to read. Undefined if there is none. */
export function findSlowFrame(bytes: Buffer, frameBytesMax: number): string | undefined {
  const decoder = new FrameDecoder(frameBytesMax);
  decoder.push(bytes);
  for (let frame = decoder.next(); frame?.kind === 'line'; frame = decoder.next()) {
    const { text } = frame;
    const ms = Math.min(...Array.from({ length: TRIES }, () => measureReadMs(text)));
    if (ms > FRAME_MS_MAX) return `a frame takes ${ms.toFixed(1)} ms to read, not ${FRAME_MS_MAX}: ${text}`;
  }
  return undefined;
}

function measureReadMs(text: string): number {
  const start = process.cpuUsage();
  readMessage(text);
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}
