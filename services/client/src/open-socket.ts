import { once } from 'node:events';
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectSecurely } from 'node:tls';
import { assertNever } from '@rankd/protocol';
import type { ServerAddress } from './server-address.js';

/** As PEM. Without `ca`, the CAs that Node knows are believed; `cert` and `key` are for servers that ask for them. */
export interface TlsOptions {
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
}

/** A function is asked anew for each attempt, so that renewed certificates are used. */
export type TlsSource = TlsOptions | (() => TlsOptions);

/** Resolves once frames can be written; the handshake is over by then. Rejects where `giveUp` is aborted, with `late`. */
export async function openSocket(
  address: ServerAddress,
  tls: TlsSource,
  giveUp: AbortSignal,
  late: string,
): Promise<Socket> {
  const { socket, opened } = begin(address, tls);
  try {
    await once(socket, opened, { signal: giveUp });
  } catch (error) {
    socket.destroy();
    throw giveUp.aborted ? new Error(late, { cause: error }) : error;
  }
  return socket;
}

function begin({ host, port, transport }: ServerAddress, tls: TlsSource): { socket: Socket; opened: string } {
  switch (transport) {
    case 'tcp':
      return { socket: connect({ host, port, noDelay: true }), opened: 'connect' };
    case 'tls': {
      const options = typeof tls === 'function' ? tls() : tls;
      // The name that the certificate has to bear is the host's; an address cannot be asked for by name.
      const servername = isIP(host) === 0 ? { servername: host } : {};
      const socket = connectSecurely({ ...options, ...servername, host, port, minVersion: 'TLSv1.3' });
      return { socket: socket.setNoDelay(true), opened: 'secureConnect' };
    }
    default:
      return assertNever(transport);
  }
}
