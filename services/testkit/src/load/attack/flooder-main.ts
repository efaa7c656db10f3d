/**
 * A process with attackers: `node flooder-main.js MEMBERS_PORT SIDE_PORT FLOOD COUNT`. It prints `ready` when all are connected. They flood
 * from SIGUSR2 until the process is killed.
 */

import { connect, type Socket } from 'node:net';
import { ATTACKED_GROUP, type Flood, type FloodName, floods } from './floods.js';

/** The most bytes that an attacker queues without sending them. */
const UNSENT_BYTES_MAX = 262_144;
const RECONNECT_MS = 5;

const [membersPort, sidePort, name, count] = process.argv.slice(2);
const flood: Flood = floods[name as FloodName];
/** Begins the floods of the attackers that wait for SIGUSR2. Undefined afterwards. */
let waiting: (() => void)[] | undefined = [];

process.once('SIGUSR2', () => {
  const floodsToBegin = waiting ?? [];
  waiting = undefined;
  for (const run of floodsToBegin) run();
});

for (let index = 0; index < Number(count); index += 1) attack(index);

/** Connects and floods. Connects again when the connection has closed. */
function attack(index: number): void {
  const port = Number(flood.port === 'members' ? membersPort : sidePort);
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  socket.on('error', () => undefined);
  socket.on('close', () => setTimeout(() => attack(index), RECONNECT_MS));
  const connected = (): void => whenStarted(() => begin(socket, index));
  if (flood.port === 'side') socket.once('connect', connected);
  else {
    socket.write(`${JSON.stringify({ type: 'hello', group: ATTACKED_GROUP, heartbeat: false, ...flood.hello })}\n`);
    socket.once('data', connected);
  }
}

function whenStarted(run: () => void): void {
  if (waiting === undefined) {
    run();
    return;
  }
  waiting.push(run);
  if (waiting.length === Number(count)) process.stdout.write('ready\n');
}

function begin(socket: Socket, index: number): void {
  const reads = flood.reading === 'reads' || (flood.reading === 'alternately' && index % 2 === 0);
  if (reads) socket.resume();
  else socket.pause();
  switch (flood.connections) {
    case 'returns':
      socket.destroy();
      return;
    case 'sends':
      socket.write(flood.text);
      return;
    case 'floods':
      send(socket);
  }
}

function send(socket: Socket): void {
  while (!socket.destroyed && socket.writableLength < UNSENT_BYTES_MAX) socket.write(flood.text);
  socket.once('drain', () => send(socket));
}
