import { constants } from 'node:crypto';
import type { Socket } from 'node:net';
import { createServer, type SecureContextOptions, type Server, type TLSSocket } from 'node:tls';
import type { TlsFiles } from '@rankd/startup';
import type { Accept, ConnectionListener } from './connection.js';
import { TlsConnection } from './tls-connection.js';
import { carry } from './tcp-connection.js';

interface Handshake {
  readonly connection: TlsConnection;
  readonly listener: ConnectionListener;
}

/**
 * A peer is a session from its TCP connection on, so that the deadline of its hello and every limit of sessions hold for the
 * handshake too. A handshake that fails is answered by nothing but TLS itself; a certificate that the CA has not signed, by a
 * `bye` like that to a wrong token.
 */
export class TlsServer {
  readonly server: Server;
  /** By the addresses of both ends: TLS tells of a handshake's end by a socket of its own. */
  readonly #underWay = new Map<string, Handshake>();
  readonly #asksForCertificate: boolean;

  constructor(files: TlsFiles, accept: Accept) {
    this.#asksForCertificate = files.ca !== undefined;
    this.server = createServer({
      ...contextOf(files),
      // Half open, a peer that goes during its handshake would not be missed.
      allowHalfOpen: false,
      noDelay: true,
      requestCert: this.#asksForCertificate,
      // Looked at below: cut off here, a client would not learn that trying again is in vain.
      rejectUnauthorized: false,
    });
    this.server.on('connection', (socket: Socket) => this.#begin(socket, accept));
    this.server.on('secureConnection', socket => this.#succeed(socket));
    this.server.on('tlsClientError', (error, socket) => this.#fail(error, socket));
  }

  /** For handshakes from now on; sessions go on as they are. */
  renew(files: TlsFiles): void {
    this.server.setSecureContext(contextOf(files));
  }

  #begin(socket: Socket, accept: Accept): void {
    const key = endsOf(socket);
    const connection = new TlsConnection(socket);
    const listener = accept(connection);
    this.#underWay.set(key, { connection, listener });
    socket.on('error', () => undefined);
    socket.once('close', () => {
      if (this.#underWay.delete(key)) listener.closed('us');
    });
  }

  #succeed(socket: TLSSocket): void {
    const handshake = this.#take(socket);
    if (handshake === undefined) {
      // It is over already: its own end is gone, or its time.
      socket.destroy();
      return;
    }
    const { connection, listener } = handshake;
    connection.secure(socket);
    carry(socket, listener);
    if (this.#asksForCertificate && !socket.authorized) {
      listener.unfit('UNAUTHORIZED', `its certificate: ${String(socket.authorizationError)}`);
    }
  }

  #fail(error: NodeJS.ErrnoException, socket: TLSSocket): void {
    // A peer that only goes away is not spoken of, without TLS either.
    if (error.code === 'ECONNRESET') return;
    this.#take(socket)?.listener.unfit('BAD_FRAME', `TLS handshake: ${error.code ?? 'failed'}`);
  }

  #take(socket: TLSSocket): Handshake | undefined {
    const key = endsOf(socket);
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
    // Sessions last; and a resumed one would not be asked whether its certificate is still good.
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
}

function endsOf({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress}`;
}
