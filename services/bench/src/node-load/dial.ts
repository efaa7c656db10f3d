/** Opens connections to the measured server. */

import { once } from 'node:events';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';

/** Opens a connection to the measured server. */
export type Dial = () => Promise<Duplex>;

/** Returns the function that connects to a port of this machine. */
export function dialPort(port: number): Dial {
  return async () => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return socket;
  };
}
