import { connect } from 'node:net';
import { errorCodes } from '../../../services/protocol/dist/index.js';

/** How long a session may take, all in all; the server's own deadlines are far shorter. */
const SESSION_MS = 20_000;
const byeCodes = new Set(Object.keys(errorCodes).filter(code => errorCodes[code].on.includes('bye')));
/** Whatever went before it, the end of a line and a goodbye end every session with a word of the server's. */
const GOODBYE = Buffer.from('\n{"type":"leave"}\n');

/**
 * One session with these bytes, in as many writes as `pieces` says; resolves with the code of its `bye`, or 'went' where the
 * peer goes in the middle (`isRude`). Rejects where the server says anything but frames, or ends it without a code.
 */
export async function fuzzSession(port, localAddress, bytes, { pieces, isRude }) {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true, ...localAddress });
  const answer = [];
  socket.on('data', chunk => answer.push(chunk));
  const over = new Promise((resolve, reject) => {
    socket.setTimeout(SESSION_MS, () => socket.destroy(new Error(`no end within ${SESSION_MS} ms`)));
    socket.once('error', reject);
    socket.once('close', resolve);
  });
  socket.once('connect', () => {
    const step = Math.ceil(bytes.length / pieces);
    for (let start = 0; start < bytes.length; start += step) socket.write(bytes.subarray(start, start + step));
    if (isRude) socket.end(() => socket.destroy());
    else socket.write(GOODBYE);
  });
  await over;
  return isRude ? 'went' : codeIn(Buffer.concat(answer).toString('utf8'));
}

function codeIn(text) {
  const frames = text.split('\n');
  if (frames.pop() !== '') throw new Error(`it broke off in a frame: ${text.slice(-200)}`);
  const { type, code, message, retry } = JSON.parse(frames.at(-1) ?? '{}');
  for (const frame of frames) if (typeof JSON.parse(frame).type !== 'string') throw new Error(`no frame: ${frame}`);
  const isBye = type === 'bye' && byeCodes.has(code) && typeof message === 'string' && typeof retry === 'boolean';
  if (!isBye) throw new Error(`it ended without a coded bye, after: ${text.slice(-200)}`);
  return code;
}
