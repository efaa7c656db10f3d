/**
 * Members that send commands, execute them and lead, and record everything that they see and do, with the real library.
 * It records each frame that the library decodes. A record is one line, written at once and completely, so kill -9
 * loses at most the last one. Times are process.hrtime: CLOCK_MONOTONIC, one clock for all processes of a machine.
 *
 * Arguments: URL, JSON { group, names, seed, orderEveryMs, deadlineMs }, path. SIGUSR1: stop sending commands. SIGTERM:
 * leave.
 */
import { openSync, writeSync } from 'node:fs';
import { clearInterval, setInterval } from 'node:timers';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from '@rankd/client';
import { FrameDecoder } from '@rankd/protocol';
import { SeededRandom } from '@rankd/testkit';

const [url, json, path] = process.argv.slice(2);
const { group, names, seed, orderEveryMs, deadlineMs } = JSON.parse(json);
const ACT_EVERY_MS = 5;
const file = openSync(path, 'a');

/** `atNs`: a time before the recorded event, except for a received frame. */
function record(who, kind, fields = {}, atNs = process.hrtime.bigint()) {
  writeSync(file, `${JSON.stringify({ who, kind, atNs: String(atNs), ...fields })}\n`);
}

/** Records every frame before the library handles it. */
const readers = new WeakMap();
const next = FrameDecoder.prototype.next;
FrameDecoder.prototype.next = function () {
  const decoded = next.call(this);
  if (decoded?.kind === 'line') {
    const frame = JSON.parse(decoded.text);
    if (frame.type === 'welcome') readers.set(this, frame.name);
    if (frame.type !== 'ping' && frame.type !== 'pong') record(readers.get(this), 'heard', { frame });
  }
  return decoded;
};

const random = new SeededRandom(seed);
let orders = 0;
let open = 0;
let ordering = true;

function targetOf({ rank, size }) {
  const dice = random.fraction();
  if (dice < 0.5) return 'below';
  if (dice < 0.7) return 'all';
  return { ranks: [random.below(size), Math.min(size - 1, rank + 1)] };
}

async function order(who, member) {
  if (!ordering || member.rank === undefined) return;
  const token = `${who}-${process.pid}-${(orders += 1)}`;
  const to = targetOf(member);
  open += 1;
  record(who, 'sent', { token, to });
  try {
    const { seq, recipients, done, failed, refused, expired, left } = await member.command('work', token, {
      to,
      deadlineMs,
    });
    record(who, 'ended', { token, sheet: { seq, recipients, done, failed, refused, expired, left } });
  } catch (error) {
    record(who, 'ended', { token, code: error.code });
  }
  open -= 1;
}

function prepare(who, member) {
  member.on('connecting', () => record(who, 'connecting'));
  member.handle('work', async (token, { from, seq }) => {
    record(who, 'executed', { token, seq, from: from.rank, own: member.rank });
    if (random.chance(0.5)) await sleep(random.fraction() * 20);
    return null;
  });
}

function actOnce(who, member) {
  const atNs = process.hrtime.bigint();
  const { fence } = member;
  if (fence !== undefined) record(who, 'acted', { fence }, atNs);
}

const members = await Promise.all(
  names.map(async name => {
    const member = await join(url, { group, name, joinWithinMs: Infinity, prepare: it => prepare(name, it) });
    const timers = [setInterval(actOnce, ACT_EVERY_MS, name, member)];
    if (orderEveryMs > 0)
      timers.push(setInterval(() => void order(name, member), orderEveryMs * (0.7 + 0.6 * random.fraction())));
    member.on('closed', () => timers.forEach(clearInterval));
    return member;
  }),
);
process.on('SIGUSR1', async () => {
  ordering = false;
  while (open > 0) await sleep(10);
  console.log('{"event":"quiet"}');
});
process.on('SIGTERM', async () => {
  await Promise.all(members.map(member => member.leave()));
  process.exit(0);
});
// Printed last: an earlier signal would have its default effect in Node.
console.log('{"event":"seated"}');
