/** Opens a connection to a server: over TCP, over TLS, or with a function that the user passes. */

import { once } from 'node:events';
import { connect as connectPlainly, isIP, type LookupFunction, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectSecurely, type TLSSocket } from 'node:tls';
import { rejectOnAbort } from '../rankd-error.js';
import { createRotatingLookup } from './rotating-lookup.js';
import type { ServerAddress } from './server-address.js';

/** Certificates and a key in PEM form, for `rankds://`. TLS 1.3 is required. */
export interface TlsOptions {
  /** The CAs to trust. Default: the CAs that Node trusts. */
  readonly ca?: string | Buffer;
  /** The client certificate, for a server that requires one. */
  readonly cert?: string | Buffer;
  /** The private key of `cert`. */
  readonly key?: string | Buffer;
}

/** TLS options, or a function that returns them. The function is called before each attempt, so that renewed certificates are used. */
export type TlsSource = TlsOptions | (() => TlsOptions);

/** Opens a connection to a server. The stream must carry bytes unchanged in both directions. A rejection counts as a failed attempt. */
export type Dial = (
  address: ServerAddress,
  options: {
    /**
     * Aborted when the attempt has timed out, after at most 5000 ms, or when the membership closes during the attempt. A
     * stream that opens later is destroyed.
     */
    readonly signal: AbortSignal;
  },
) => Duplex | Promise<Duplex>;

/** How to connect to a server. */
export interface DialTarget {
  readonly tls: TlsSource;
  readonly dial: Dial | undefined;
}

/** Opens a connection to a server over TCP or TLS. Resolves when frames can be written: after the handshake, if there is one. */
export type Connect = (address: ServerAddress, tls: TlsSource, signal: AbortSignal) => Promise<Duplex>;

/**
 * Opens a connection with `dial` if the target has one, otherwise with `connect`. Resolves when frames can be written.
 * @param signal aborted when the attempt must end
 * @throws Error `timeoutMessage` if `signal` is aborted; otherwise the error of the attempt
 */
export async function openSocket(
  address: ServerAddress,
  { tls, dial }: DialTarget,
  signal: AbortSignal,
  timeoutMessage: string,
  connect: Connect,
): Promise<Duplex> {
  try {
    return dial === undefined
      ? await connect(address, tls, signal)
      : await awaitDial(Promise.resolve(dial(address, { signal })), signal);
  } catch (error) {
    throw signal.aborted ? new Error(timeoutMessage, { cause: error }) : error;
  }
}

/**
 * Returns the function that opens connections of the system. It rejects with the error of the socket, or with an AbortError if
 * its signal is aborted.
 * @param random returns a number from 0 to 1, which selects the address of a host name that is tried first
 * @param onTcpSocket called with the TCP socket of each connection that has opened: with TLS, the socket under it
 */
export function createConnect(random: () => number, onTcpSocket: (socket: Socket) => void = () => undefined): Connect {
  const lookup = createRotatingLookup(random);
  return async (address, tls, signal) => {
    const socket = await opened(openTcp(address, lookup), 'connect', signal);
    const session = address.transport === 'tls' ? await secure(socket, address, tls, signal) : socket;
    onTcpSocket(socket);
    return session;
  };
}

/** Resolves with the connection of `dial`. Destroys it if it opens after `signal` was aborted. */
async function awaitDial(dialled: Promise<Duplex>, signal: AbortSignal): Promise<Duplex> {
  try {
    return await rejectOnAbort(dialled, signal);
  } catch (error) {
    void dialled.then(
      late => late.destroy(),
      () => undefined,
    );
    throw error;
  }
}

function openTcp({ host, port }: ServerAddress, lookup: LookupFunction): Socket {
  return connectPlainly({ host, port, noDelay: true, lookup });
}

/** Opens TLS on a TCP connection. */
async function secure(
  socket: Socket,
  { host }: ServerAddress,
  tls: TlsSource,
  signal: AbortSignal,
): Promise<TLSSocket> {
  try {
    const options = typeof tls === 'function' ? tls() : tls;
    // The certificate must contain the name of the host. TLS does not accept an IP address as a server name.
    const servername = isIP(host) === 0 ? { servername: host } : {};
    const secured = connectSecurely({ ...options, ...servername, host, socket, minVersion: 'TLSv1.3' });
    return await opened(secured, 'secureConnect', signal);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** Resolves with the socket when it emits `event`. Destroys it if it fails first. */
async function opened<S extends Socket>(socket: S, event: string, signal: AbortSignal): Promise<S> {
  try {
    await once(socket, event, { signal });
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}
