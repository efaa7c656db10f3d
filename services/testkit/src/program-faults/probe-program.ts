/**
 * A program that rankctl starts in tests. It appends its process id, its fence and the monotonic clock to a file, 200 times a second:
 * `node probe-program.js FILE [stubborn]`. A stubborn program ignores SIGTERM.
 */

import { openSync, writeSync } from 'node:fs';

const WRITE_EVERY_MS = 5;

const [, , file = '', manner] = process.argv;
const descriptor = openSync(file, 'a');
const fence = process.env['RANKD_FENCE'] ?? '';

function write(): void {
  writeSync(descriptor, `${process.pid} ${fence} ${process.hrtime.bigint()}\n`);
}

if (manner === 'stubborn') process.on('SIGTERM', () => undefined);
write();
setInterval(write, WRITE_EVERY_MS);
