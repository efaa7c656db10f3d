/** TLS for the sessions of this server. */

import { constants } from 'node:crypto';
import type { Socket } from 'node:net';
import { createServer, type SecureContextOptions, type Server, type TLSSocket } from 'node:tls';
import type { Mistake } from '@rankd/protocol';
import type { TlsFiles } from '@rankd/startup';
import type { Accept, ConnectionListener } from './connection.js';
import { forwardEvents } from './tcp-connection.js';
import { TlsConnection } from './tls-connection.js';

/** The connection of a client whose TLS handshake is not complete. */
interface Handshake {
  readonly connection: TlsConnection;
  readonly listener: ConnectionListener;
}

/**
 * Accepts TLS connections. A session begins with the TCP connection, before the handshake. So the deadline of the hello and all limits of
 * sessions apply to the handshake too. If the handshake fails, the client gets a TLS alert only. If its certificate is not signed by the
 * CA, it gets `bye` UNAUTHORIZED.
 */
export class TlsServer {
  readonly server: Server;
  /** The handshakes by the addresses of both ends. Node reports the end of a handshake with another socket object. */
  readonly #handshakes = new Map<string, Handshake>();
  readonly #asksForCertificate: boolean;

  constructor(files: TlsFiles, accept: Accept) {
    this.#asksForCertificate = files.ca !== undefined;
    this.server = createServer({
      ...contextOf(files),
      // With half-open sockets, a client that closes during its handshake would not be noticed.
      allowHalfOpen: false,
      noDelay: true,
      requestCert: this.#asksForCertificate,
      // The certificate is checked below. A client rejected here would get no `bye`, so it would not learn that a retry is useless.
      rejectUnauthorized: false,
    });
    this.server.on('connection', (socket: Socket) => this.#startHandshake(socket, accept));
    this.server.on('secureConnection', socket => this.#completeHandshake(socket));
    this.server.on('tlsClientError', (error, socket) => this.#failHandshake(error, socket));
  }

  /** Uses these files for handshakes from now on. Open sessions keep theirs. */
  renew(files: TlsFiles): void {
    this.server.setSecureContext(contextOf(files));
  }

  #startHandshake(socket: Socket, accept: Accept): void {
    const key = addressesOf(socket);
    const connection = new TlsConnection(socket);
    const listener = accept(connection);
    this.#handshakes.set(key, { connection, listener });
    socket.on('error', () => undefined);
    socket.once('close', () => {
      if (this.#handshakes.delete(key)) listener.endClosed('us');
    });
  }

  #completeHandshake(socket: TLSSocket): void {
    const handshake = this.#takeHandshake(socket);
    if (handshake === undefined) {
      // The session has ended during the handshake: the client closed, or its time for the hello has passed.
      socket.destroy();
      return;
    }
    const { connection, listener } = handshake;
    connection.secure(socket);
    forwardEvents(socket, listener);
    if (this.#asksForCertificate && !socket.authorized) {
      const reason = `client certificate: ${String(socket.authorizationError)}`;
      listener.refuse('UNAUTHORIZED', reason, certificateMistake(socket));
    }
  }

  #failHandshake(error: NodeJS.ErrnoException, socket: TLSSocket): void {
    // As without TLS, a client that only closes the connection is not reported.
    if (error.code === 'ECONNRESET') return;
    const { code = 'failed' } = error;
    this.#takeHandshake(socket)?.listener.refuse('BAD_FRAME', `TLS handshake: ${code}`, handshakeMistake(code));
  }

  #takeHandshake(socket: TLSSocket): Handshake | undefined {
    const key = addressesOf(socket);
    const handshake = this.#handshakes.get(key);
    this.#handshakes.delete(key);
    return handshake;
  }
}

function certificateMistake(socket: TLSSocket): Mistake {
  const hasNone = Object.keys(socket.getPeerCertificate()).length === 0;
  return hasNone ? 'CLIENT_CERTIFICATE_MISSING' : 'CLIENT_CERTIFICATE_REJECTED';
}

/** Returns the mistake behind an error of OpenSSL. Undefined if the error has another cause, for example a broken handshake. */
function handshakeMistake(code: string): Mistake | undefined {
  if (/HTTP_REQUEST|HTTPS_PROXY_REQUEST/.test(code)) return 'HTTP_REQUEST';
  if (/UNSUPPORTED_PROTOCOL|VERSION_TOO_LOW|PROTOCOL_VERSION/.test(code)) return 'TLS_VERSION';
  if (/ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_)/.test(code)) return 'SERVER_CERTIFICATE_REJECTED';
  return code === 'ERR_SSL_WRONG_VERSION_NUMBER' ? 'TLS_EXPECTED' : undefined;
}

function contextOf({ cert, key, ca }: TlsFiles): SecureContextOptions {
  return {
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(ca === undefined ? {} : { ca }),
    minVersion: 'TLSv1.3',
    // Without TLS session resumption, the certificate of every connection is checked.
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
}

function addressesOf({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress}`;
}
