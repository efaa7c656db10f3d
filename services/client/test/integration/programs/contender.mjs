/**
 * A member that acts as fast as it can whenever it may, in each way in which a member can ask. It prints its events with their
 * times. It writes to a file when it last acted, so that the file shows this after the process has ended. All times are
 * process.hrtime: CLOCK_MONOTONIC, which all processes of a machine share.
 *
 * Arguments: URL, JSON { name, group }, path of the file.
 */
import { openSync, readSync, writeSync } from 'node:fs';
import { setImmediate } from 'node:timers';
import { join } from '@rankd/client';

const [url, options, path] = process.argv.slice(2);
/** How long it acts at times without a round of its event loop, ns: nothing is read and no timer fires. */
const BURST_NS = 3_000_000n;
const BURST_EVERY = 50;

const stamps = openSync(path, 'w+');
const cell = Buffer.alloc(8);

/** Writes a cell of 8 bytes. The cells are: when it last acted by its rank, by its fence, by its signal, and the number of rounds. */
function stamp(index, value) {
  cell.writeBigUInt64LE(value);
  writeSync(stamps, cell, 0, 8, index * 8);
}

/** Returns whether the test has written the fifth cell. */
function isReleased() {
  if (readSync(stamps, cell, 0, 8, 4 * 8) < 8 || cell.readBigUInt64LE() === 0n) return false;
  stamp(4, 0n);
  return true;
}

function printEvent(what, fields = {}) {
  const atNs = process.hrtime.bigint();
  console.log(JSON.stringify({ event: what, atNs: String(atNs), ...fields }));
}

/** Takes each time before it asks. So if the process is stopped between the two, the recorded time is before the stop. */
function actOnce(member, signal) {
  const beforeNs = process.hrtime.bigint();
  if (member.rank === 0) stamp(0, beforeNs);
  const fenceNs = process.hrtime.bigint();
  if (member.fence !== undefined) stamp(1, fenceNs);
  const signalNs = process.hrtime.bigint();
  if (signal !== undefined && !signal.aborted) stamp(2, signalNs);
}

let leading;
let turns = 0n;

function act(member) {
  turns += 1n;
  stamp(3, turns);
  actOnce(member, leading);
  if (turns % BigInt(BURST_EVERY) === 0n) {
    const untilNs = process.hrtime.bigint() + BURST_NS;
    while (process.hrtime.bigint() < untilNs) actOnce(member, leading);
  }
  setImmediate(act, member);
}

/** Leader work that needs a moment to end. */
async function work(signal) {
  leading = signal;
  printEvent('lead');
  await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }));
  await new Promise(resolve => setTimeout(resolve, 20));
  printEvent('stopped');
}

function prepare(member) {
  member.on('joined', ({ rank, resumed }) => printEvent('joined', { rank, resumed }));
  member.on('rank', ({ rank }) => printEvent('rank', { rank }));
  member.on('suspended', ({ because }) => printEvent('suspended', { because }));
  member.on('disconnected', ({ error }) => printEvent('disconnected', { code: error.code }));
  member.on('closed', ({ error }) => {
    printEvent('closed', { code: error?.code });
    // The member acts for a while after it is closed: if it wrongly may, this shows.
    setTimeout(() => process.exit(0), 100);
  });
  member.handle('swallow', () => null);
  process.on('SIGTERM', () => void member.leave());
  // Nothing is read and no timer fires until the test writes the fifth cell.
  process.on('SIGUSR2', () => {
    printEvent('stuck');
    while (!isReleased()) actOnce(member, leading);
  });
}

const me = await join(url, { ...JSON.parse(options), prepare });
me.lead(work).catch(error => printEvent('failed', { code: error.code, message: String(error) }));
act(me);
