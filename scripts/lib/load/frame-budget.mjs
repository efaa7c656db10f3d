import { FrameDecoder, readMessage } from '../../../services/protocol/dist/index.js';

/** What reading one frame may take of a processor: some hundred times what the slowest takes. */
const FRAME_MS_MAX = 20;
/** A frame is over its budget if it is so each time: the first may have met a collection of garbage. */
const TRIES = 3;

/** Which frame of a session takes too long to read, in words; undefined where none does. */
export function overBudget(bytes, frameBytesMax) {
  const decoder = new FrameDecoder(frameBytesMax);
  decoder.push(bytes);
  for (let frame = decoder.next(); frame?.kind === 'line'; frame = decoder.next()) {
    const ms = Math.min(...Array.from({ length: TRIES }, () => readingMs(frame.text)));
    if (ms > FRAME_MS_MAX) return `a frame takes ${ms.toFixed(1)} ms to read, not ${FRAME_MS_MAX}: ${frame.text}`;
  }
  return undefined;
}

function readingMs(text) {
  const start = process.cpuUsage();
  readMessage(text);
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}
