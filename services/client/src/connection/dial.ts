import { once } from 'node:events';
import { connect, isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectSecurely } from 'node:tls';
import { assertNever } from '@rankd/protocol';
import { rejectOnAbort } from '../rankd-error.js';
import { rotatingLookup } from './rotating-lookup.js';
import type { ServerAddress } from './server-address.js';

/** As PEM. Without `ca`, the CAs that Node knows are believed; `cert` and `key` are for servers that ask for them. */
export interface TlsOptions {
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
}

/** A function is asked anew for each attempt, so that renewed certificates are used. */
export type TlsSource = TlsOptions | (() => TlsOptions);

/** Opens a connection to where a coordinator listens; what is written to it arrives there, and the other way round. */
export type Dial = (
  address: ServerAddress,
  options: {
    /** Aborted where nobody waits for the connection any more. */
    readonly signal: AbortSignal;
  },
) => Duplex | Promise<Duplex>;

/** How a coordinator is reached. */
export interface DialTarget {
  readonly tls: TlsSource;
  readonly dial: Dial | undefined;
}

/** Resolves once frames can be written; the handshake is over by then. Rejects where `giveUp` is aborted, with `late`. */
export async function openSocket(
  address: ServerAddress,
  { tls, dial }: DialTarget,
  giveUp: AbortSignal,
  late: string,
): Promise<Duplex> {
  try {
    return dial === undefined
      ? await connectSocket(address, tls, giveUp)
      : await awaitDial(Promise.resolve(dial(address, { signal: giveUp })), giveUp);
  } catch (error) {
    throw giveUp.aborted ? new Error(late, { cause: error }) : error;
  }
}

async function connectSocket(address: ServerAddress, tls: TlsSource, giveUp: AbortSignal): Promise<Socket> {
  const { socket, opened } = createSocket(address, tls);
  try {
    await once(socket, opened, { signal: giveUp });
  } catch (error) {
    socket.destroy();
    throw error;
  }
  return socket;
}

/** A connection that comes too late is closed. */
async function awaitDial(dialled: Promise<Duplex>, giveUp: AbortSignal): Promise<Duplex> {
  try {
    return await rejectOnAbort(dialled, giveUp);
  } catch (error) {
    void dialled.then(
      late => late.destroy(),
      () => undefined,
    );
    throw error;
  }
}

function createSocket({ host, port, transport }: ServerAddress, tls: TlsSource): { socket: Socket; opened: string } {
  switch (transport) {
    case 'tcp':
      return { socket: connect({ host, port, noDelay: true, lookup: rotatingLookup }), opened: 'connect' };
    case 'tls': {
      const options = typeof tls === 'function' ? tls() : tls;
      // The name that the certificate has to bear is the host's; an address cannot be asked for by name.
      const servername = isIP(host) === 0 ? { servername: host } : {};
      const place = { host, port, lookup: rotatingLookup };
      const socket = connectSecurely({ ...options, ...servername, ...place, minVersion: 'TLSv1.3' });
      return { socket: socket.setNoDelay(true), opened: 'secureConnect' };
    }
    default:
      return assertNever(transport);
  }
}
