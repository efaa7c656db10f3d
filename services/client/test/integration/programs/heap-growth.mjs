/**
 * A member that executes commands, reconnects and sends commands in memory, as fast as it can, with one seat, one signal and one
 * membership all the time. It prints by how much the heap has grown, in bytes, in each of the three.
 */
import { Duplex } from 'node:stream';
import { clearImmediate, setImmediate } from 'node:timers';
import { setImmediate as turn } from 'node:timers/promises';
import { join } from '@rankd/client';
import { joinWith, systemEnvironment } from '@rankd/client/internal';

const COMMANDS = 200_000;
const RECONNECTS = 10_000;
const SENT = 20_000;
const BATCH = 500;
const LEASE = { heartbeatMs: 1_000_000, suspendMs: 2_000_000, deadMs: 3_000_000 };
const from = { member: 'm0', rank: 0, name: 'ann' };

const welcome = {
  ...{ type: 'welcome', protocol: 1, features: [], server: 's1', group: 'default', member: 'm1', name: 'bob', rank: 1 },
  ...{ size: 2, slot: 1, leader: from, membersMax: 100, epoch: 7, view: 1, seq: 1, resume: 'secret', resumed: true },
  ...{ ...LEASE, frameBytesMax: 65_536 },
};

/** The client's end of a connection to a server that answers each frame with the frames that `answer` returns. */
function connect(answer) {
  let rest = '';
  const stream = new Duplex({
    read: () => undefined,
    write: (bytes, _, done) => {
      const lines = (rest + bytes.toString()).split('\n');
      rest = lines.pop();
      for (const line of lines) send(stream, answer(JSON.parse(line), stream));
      done();
    },
  });
  return stream;
}

function send(stream, frames) {
  if (!stream.destroyed && frames.length > 0) stream.push(frames.map(frame => `${JSON.stringify(frame)}\n`).join(''));
}

/** Runs `act` for a quarter of the count, then for the count. Returns by how much the heap has grown since the quarter. */
async function growth(count, act) {
  await act(count / 4);
  const before = await heapBytes();
  await act(count);
  return (await heapBytes()) - before;
}

async function heapBytes() {
  for (let round = 0; round < 3; round += 1) {
    globalThis.gc();
    await turn();
  }
  return process.memoryUsage().heapUsed;
}

async function executed() {
  let stream;
  let results = 0;
  let aborted = 0;
  const dial = () =>
    (stream = connect(({ type }) => {
      if (type === 'result') results += 1;
      return type === 'hello' ? [welcome] : [];
    }));
  const me = await join('rankd://127.0.0.1', { dial });
  // Every second handler listens to its signal, as a handler does that passes it to `fetch`.
  me.handle('print', (_, { seq, signal }) => {
    if (seq % 2 === 0) signal.addEventListener('abort', () => (aborted += 1));
    return null;
  });
  let seq = 1;
  const grown = await growth(COMMANDS, async count => {
    const until = results + count;
    while (results < until) {
      const batch = Array.from({ length: BATCH }, () => {
        seq += 1;
        return { type: 'command', seq, view: 1, from, name: 'print', deadlineMs: 60_000, reply: true };
      });
      const answered = results + BATCH;
      send(stream, batch);
      while (results < answered) await turn();
    }
  });
  await me.leave();
  if (aborted !== 0) throw new Error('a handler that has ended was aborted');
  return grown;
}

/** The server ends each session directly after its welcome, and asks for no delay. */
async function reconnected() {
  let welcomes = 0;
  const bye = { type: 'bye', code: 'DRAINING', message: 'stopping', retry: true, retryAfterMs: 0 };
  const after = (delayMs, run, lifetime) => {
    if (delayMs > 0) return systemEnvironment.clock.after(delayMs, run, lifetime);
    const immediate = setImmediate(run);
    return { cancel: () => clearImmediate(immediate) };
  };
  const environment = { ...systemEnvironment, clock: { ...systemEnvironment.clock, after }, random: () => 0 };
  const stopping = new AbortController();
  const dial = (_, { signal }) => {
    signal.addEventListener('abort', () => undefined);
    return connect(({ type }) => {
      if (type !== 'hello') return [];
      welcomes += 1;
      return [welcome, bye];
    });
  };
  const me = await joinWith(environment, 'rankd://127.0.0.1', { dial, signal: stopping.signal });
  const grown = await growth(RECONNECTS, async count => {
    const until = welcomes + count;
    while (welcomes < until) await turn();
  });
  await me.leave();
  return grown;
}

/** All commands have the same signal. */
async function sent() {
  const { signal } = new AbortController();
  let seq = 1;
  const dial = () =>
    connect(({ type, id }) => {
      if (type === 'hello') return [welcome];
      if (type !== 'command') return [];
      seq += 1;
      const counts = { recipients: 1, done: 1, failed: 0, refused: 0, expired: 0, left: 0, missing: [], ms: 1 };
      const receipt = {
        type: 'receipt',
        id,
        accepted: true,
        seq,
        view: 1,
        recipients: 1,
        refused: [],
        refusedCount: 0,
      };
      return [receipt, { type: 'outcome', id, seq, ...counts }];
    });
  const me = await join('rankd://127.0.0.1', { dial });
  const grown = await growth(SENT, async count => {
    for (let done = 0; done < count; done += BATCH) {
      await Promise.all(Array.from({ length: BATCH }, () => me.command('print', null, { signal })));
    }
  });
  await me.leave();
  return grown;
}

console.log(JSON.stringify({ executed: await executed(), reconnected: await reconnected(), sent: await sent() }));
process.exit();
