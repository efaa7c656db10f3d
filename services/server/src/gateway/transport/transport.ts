/** Chooses TCP or TLS for the sessions of this server. */

import { createServer, type Server } from 'node:net';
import type { TlsFiles } from '@rankd/startup';
import type { Accept } from './connection.js';
import { forwardEvents, TcpConnection } from './tcp-connection.js';
import { TlsServer } from './tls-server.js';

/** The server that accepts the sessions. `renew` replaces the TLS files for later handshakes. */
export type Transport =
  | { readonly kind: 'tcp'; readonly server: Server }
  | { readonly kind: 'tls' | 'mutual tls'; readonly server: Server; readonly renew: (files: TlsFiles) => void };

/**
 * Creates the transport: TLS if there is a certificate, else TCP. With a CA, every client needs a certificate too. `accept` is called for
 * each new connection.
 */
export function transportFor(files: TlsFiles, accept: Accept): Transport {
  if (files.cert === undefined) {
    const server = createServer({ noDelay: true, allowHalfOpen: true }, socket =>
      forwardEvents(socket, accept(new TcpConnection(socket))),
    );
    return { kind: 'tcp', server };
  }
  const tlsServer = new TlsServer(files, accept);
  const kind = files.ca === undefined ? 'tls' : 'mutual tls';
  return { kind, server: tlsServer.server, renew: renewed => tlsServer.renew(renewed) };
}
