import { constants } from 'node:crypto';
import type { Socket } from 'node:net';
import { createServer, type SecureContextOptions, type Server, type TLSSocket } from 'node:tls';
import type { TlsFiles } from '@rankd/startup';
import type { Accept, ConnectionListener } from './connection.js';
import { forwardEvents } from './tcp-connection.js';
import { TlsConnection } from './tls-connection.js';

interface Handshake {
  readonly connection: TlsConnection;
  readonly listener: ConnectionListener;
}

/**
 * Accepts TLS connections. A peer is a session from its TCP connection on, so that the deadline of its hello and every limit of
 * sessions apply to the handshake too. A failed handshake is answered by TLS only; a certificate that the CA has not signed, by
 * a `bye` like that to a wrong token.
 */
export class TlsServer {
  readonly server: Server;
  /** By the addresses of both ends: TLS reports the end of a handshake with another socket. */
  readonly #underWay = new Map<string, Handshake>();
  readonly #asksForCertificate: boolean;

  constructor(files: TlsFiles, accept: Accept) {
    this.#asksForCertificate = files.ca !== undefined;
    this.server = createServer({
      ...contextOf(files),
      // Half open, a peer that goes during its handshake would not be noticed.
      allowHalfOpen: false,
      noDelay: true,
      requestCert: this.#asksForCertificate,
      // Checked below: rejected here, a client would not learn that a retry is useless.
      rejectUnauthorized: false,
    });
    this.server.on('connection', (socket: Socket) => this.#startHandshake(socket, accept));
    this.server.on('secureConnection', socket => this.#completeHandshake(socket));
    this.server.on('tlsClientError', (error, socket) => this.#failHandshake(error, socket));
  }

  /** Uses these files for handshakes from now on; open sessions stay as they are. */
  renew(files: TlsFiles): void {
    this.server.setSecureContext(contextOf(files));
  }

  #startHandshake(socket: Socket, accept: Accept): void {
    const key = addressesOf(socket);
    const connection = new TlsConnection(socket);
    const listener = accept(connection);
    this.#underWay.set(key, { connection, listener });
    socket.on('error', () => undefined);
    socket.once('close', () => {
      if (this.#underWay.delete(key)) listener.endClosed('us');
    });
  }

  #completeHandshake(socket: TLSSocket): void {
    const handshake = this.#takeHandshake(socket);
    if (handshake === undefined) {
      // It is over already: its peer has gone, or its time has run out.
      socket.destroy();
      return;
    }
    const { connection, listener } = handshake;
    connection.secure(socket);
    forwardEvents(socket, listener);
    if (this.#asksForCertificate && !socket.authorized) {
      listener.refuse('UNAUTHORIZED', `its certificate: ${String(socket.authorizationError)}`);
    }
  }

  #failHandshake(error: NodeJS.ErrnoException, socket: TLSSocket): void {
    // A peer that only goes away is not reported, without TLS either.
    if (error.code === 'ECONNRESET') return;
    this.#takeHandshake(socket)?.listener.refuse('BAD_FRAME', `TLS handshake: ${error.code ?? 'failed'}`);
  }

  #takeHandshake(socket: TLSSocket): Handshake | undefined {
    const key = addressesOf(socket);
    const handshake = this.#underWay.get(key);
    this.#underWay.delete(key);
    return handshake;
  }
}

function contextOf({ cert, key, ca }: TlsFiles): SecureContextOptions {
  return {
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(ca === undefined ? {} : { ca }),
    minVersion: 'TLSv1.3',
    // Sessions last long, and the certificate of a resumed one would not be checked again.
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
}

function addressesOf({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress}`;
}
