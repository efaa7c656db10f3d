import { FrameDecoder, readMessage } from '@rankd/protocol';

/** How much processor time one frame may take to read: some hundred times what the slowest frame takes. */
const FRAME_MS_MAX = 20;
/** A frame is over its budget if every try is: a garbage collection may slow down one. */
const TRIES = 3;

/** Describes the first frame of a session that takes too long to read. Returns undefined if there is none. */
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
