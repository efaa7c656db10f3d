import { once } from 'node:events';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';

/** Opens a connection to the server that is measured. */
export type Dial = () => Promise<Duplex>;

export function dialPort(port: number): Dial {
  return async () => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return socket;
  };
}
