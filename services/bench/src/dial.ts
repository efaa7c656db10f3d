import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Opens a connection to the server that is measured. */
export type Dial = () => Promise<Socket>;

export function dialPort(port: number): Dial {
  return async () => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return socket;
  };
}
