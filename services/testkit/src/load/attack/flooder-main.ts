/**
 * A process with attackers: `node flooder-main.js MEMBERS_PORT SIDE_PORT FLOOD COUNT`. It floods until it is killed. It prints `ready` when
 * each attacker has begun.
 */

import { connect, type Socket } from 'node:net';
import { type Flood, type FloodName, floods } from './floods.js';

const GROUP = 'attackers';
/** How much an attacker keeps unsent. */
const UNSENT_BYTES_MAX = 262_144;
const RECONNECT_MS = 5;

const [membersPort, sidePort, name, count] = process.argv.slice(2);
const flood: Flood = floods[name as FloodName];
let begun = 0;

for (let index = 0; index < Number(count); index += 1) attack(index);

/** Connects and floods. Connects again when the connection has closed. */
function attack(index: number): void {
  const port = Number(flood.port === 'members' ? membersPort : sidePort);
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  socket.on('error', () => undefined);
  socket.on('close', () => setTimeout(() => attack(index), RECONNECT_MS));
  if (flood.port === 'side') socket.once('connect', () => begin(socket, index));
  else {
    socket.write(`${JSON.stringify({ type: 'hello', group: GROUP, heartbeat: false, ...flood.hello })}\n`);
    socket.once('data', () => begin(socket, index));
  }
}

function begin(socket: Socket, index: number): void {
  begun += 1;
  if (begun === Number(count)) process.stdout.write('ready\n');
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
