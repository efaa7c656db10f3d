/**
 * A member that acts whenever it finds itself entitled to, as fast as it can, in every way in which one can ask. Prints what it
 * is told, with when; keeps in a file when it acted last, which outlives it. All times are process.hrtime: CLOCK_MONOTONIC,
 * one clock for all processes of a machine.
 *
 * Arguments: URL, JSON { name, group }, path of the file.
 */
import { openSync, readSync, writeSync } from 'node:fs';
import { setImmediate } from 'node:timers';
import { join } from '@rankd/client';

const [url, options, path] = process.argv.slice(2);
/** How long it goes on without a turn of its loop, now and then: nothing is read and no timer fires. */
const BURST_NS = 3_000_000n;
const BURST_EVERY = 50;

const stamps = openSync(path, 'w+');
const cell = Buffer.alloc(8);

/** Cells of the file, 8 bytes each: when it last acted on its rank, its fence, its signal; how many turns it has taken. */
function stamp(index, value) {
  cell.writeBigUInt64LE(value);
  writeSync(stamps, cell, 0, 8, index * 8);
}

/** The fifth cell is written by the test. */
function isReleased() {
  if (readSync(stamps, cell, 0, 8, 4 * 8) < 8 || cell.readBigUInt64LE() === 0n) return false;
  stamp(4, 0n);
  return true;
}

function printEvent(what, fields = {}) {
  const atNs = process.hrtime.bigint();
  console.log(JSON.stringify({ event: what, atNs: String(atNs), ...fields }));
}

/** A time is taken before it asks: whatever stops the process between the two counts in its favour, and nothing else does. */
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

/** Work that needs a moment to come to its end. */
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
    // It goes on acting for a while: it must not, and here it would show.
    setTimeout(() => process.exit(0), 100);
  });
  member.handle('swallow', () => null);
  process.on('SIGTERM', () => void member.leave());
  // Until it is released nothing is read and no timer fires.
  process.on('SIGUSR2', () => {
    printEvent('stuck');
    while (!isReleased()) actOnce(member, leading);
  });
}

const me = await join(url, { ...JSON.parse(options), prepare });
me.lead(work).catch(error => printEvent('failed', { code: error.code, message: String(error) }));
act(me);
