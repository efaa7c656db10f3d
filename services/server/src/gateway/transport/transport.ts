import { createServer, type Server } from 'node:net';
import type { TlsFiles } from '@rankd/startup';
import type { Accept } from './connection.js';
import { carry, TcpConnection } from './tcp-connection.js';
import { TlsServer } from './tls-server.js';

/** What carries the frames of this server's sessions. */
export type Transport =
  | { readonly kind: 'tcp'; readonly server: Server }
  | { readonly kind: 'tls' | 'mutual tls'; readonly server: Server; readonly renew: (files: TlsFiles) => void };

/** TLS where there is a certificate, and a certificate asked of every client where there is a CA. */
export function transportFor(files: TlsFiles, accept: Accept): Transport {
  if (files.cert === undefined) {
    const server = createServer({ noDelay: true, allowHalfOpen: true }, socket =>
      carry(socket, accept(new TcpConnection(socket))),
    );
    return { kind: 'tcp', server };
  }
  const handshakes = new TlsServer(files, accept);
  const kind = files.ca === undefined ? 'tls' : 'mutual tls';
  return { kind, server: handshakes.server, renew: renewed => handshakes.renew(renewed) };
}
