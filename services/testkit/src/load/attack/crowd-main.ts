/** A process with members that only answer pings: `node crowd-main.js PORT GROUP COUNT`. It prints `ready` when all are members. */

import { connect } from 'node:net';

/** How many join at the same time. */
const JOINING_MAX = 100;

const [port, group, count] = process.argv.slice(2);
let started = 0;
let admitted = 0;

for (let index = 0; index < JOINING_MAX; index += 1) joinNext();

function joinNext(): void {
  if (started === Number(count)) return;
  started += 1;
  const socket = connect({ port: Number(port), host: '127.0.0.1', noDelay: true });
  socket.on('error', () => undefined);
  socket.write(`${JSON.stringify({ type: 'hello', group })}\n`);
  socket.once('data', () => {
    admitted += 1;
    if (admitted === Number(count)) process.stdout.write('ready\n');
    joinNext();
  });
  socket.on('data', bytes => {
    const n = /"type":"ping","n":(\d+)/.exec(bytes.toString('latin1'))?.[1];
    if (n !== undefined) socket.write(`{"type":"pong","n":${n}}\n`);
  });
}
