/**
 * The table of mistakes that keep a client from its first answer, as the client or the server sees them. The library, rankctl, the
 * client container and the log of the server use its sentences. The sentences are for people and may change.
 */

import type { ErrorCode } from './error-codes.js';

/** One row of the table. */
export interface MistakeEntry {
  /** Which side recognizes the mistake. `both`: the server sends the sentence in `bye`, and the client may also see it by itself. */
  readonly seenBy: 'client' | 'server' | 'both';
  /** The code of the error. */
  readonly code: ErrorCode;
  /** What has happened. */
  readonly meaning: string;
  /** What to do next. */
  readonly remedy: string;
}

const atClient = (code: ErrorCode, meaning: string, remedy: string): MistakeEntry => ({
  seenBy: 'client',
  code,
  meaning,
  remedy,
});
const atServer = (code: ErrorCode, meaning: string, remedy: string): MistakeEntry => ({
  ...atClient(code, meaning, remedy),
  seenBy: 'server',
});
const atBoth = (code: ErrorCode, meaning: string, remedy: string): MistakeEntry => ({
  ...atClient(code, meaning, remedy),
  seenBy: 'both',
});

const checkPort = 'check that the URL has the port for members (RANKD_PORT, 2700 by default)';

const table = {
  PORT_CLOSED: atClient(
    'CONNECT_FAILED',
    'connection refused: no program listens on this port',
    'check the address (RANKD_URL, or --url of rankctl), and that the server runs',
  ),
  HOST_UNKNOWN: atClient(
    'CONNECT_FAILED',
    'no such host: the name has no address',
    'check the address (RANKD_URL, or --url of rankctl)',
  ),
  HOST_LOOKUP_FAILED: atClient(
    'CONNECT_FAILED',
    'the name of the host cannot be resolved: the name server does not answer',
    'check the address, the network and the DNS settings of this machine, or use an IP address in the URL',
  ),
  HOST_UNREACHABLE: atClient(
    'CONNECT_FAILED',
    'the host cannot be reached from this machine',
    'check the address, the network and the firewall',
  ),
  CONNECT_TIMEOUT: atClient(
    'CONNECT_FAILED',
    'the connection was not open in time',
    'check the address and the firewall, and write rankds:// only if the server uses TLS',
  ),
  TLS_REQUIRED: atBoth(
    'BAD_FRAME',
    'the server uses TLS on this port, and the client does not',
    'write rankds:// instead of rankd:// in the URL',
  ),
  TLS_NOT_SPOKEN: atBoth(
    'CONNECT_FAILED',
    'the client uses TLS, and the server does not on this port',
    `write rankd:// instead of rankds:// in the URL, or give the server a certificate (RANKD_TLS_CERT, RANKD_TLS_KEY); ${checkPort}`,
  ),
  TLS_INTERRUPTED: atClient(
    'CONNECT_FAILED',
    'the connection was closed during the TLS handshake',
    `write rankd:// instead of rankds:// if the server does not use TLS; ${checkPort}, and read the log of the server`,
  ),
  TLS_VERSION: atBoth(
    'CONNECT_FAILED',
    'the client and the server have no version of TLS in common',
    'use TLS 1.3 on both sides: rankd accepts no earlier version',
  ),
  CA_UNKNOWN: atClient(
    'CONNECT_FAILED',
    'this client does not trust the CA that signed the certificate of the server',
    'give the certificate of that CA: the option tls.ca, or the file RANKD_TLS_CA (Python: SSL_CERT_FILE)',
  ),
  CERTIFICATE_SELF_SIGNED: atClient(
    'CONNECT_FAILED',
    'the certificate of the server is self-signed, and this client does not trust it',
    'give that certificate as the CA: the option tls.ca, or the file RANKD_TLS_CA; or let a CA sign it',
  ),
  HOST_MISMATCH: atClient(
    'CONNECT_FAILED',
    'the certificate of the server does not contain the host of the URL',
    'use a host of the certificate in the URL, or issue a certificate that contains this host',
  ),
  CERTIFICATE_EXPIRED: atClient(
    'CONNECT_FAILED',
    'the certificate of the server has expired',
    'renew the certificate and send SIGHUP to the server; if it is valid, correct the clock of this machine',
  ),
  CERTIFICATE_NOT_YET_VALID: atClient(
    'CONNECT_FAILED',
    'the certificate of the server is not valid yet',
    'correct the clock of this machine, or wait until the certificate is valid',
  ),
  CERTIFICATE_INVALID: atClient(
    'CONNECT_FAILED',
    'the certificate of the server cannot be accepted',
    'issue another certificate for the server, for example as in docs/operations/tls.md',
  ),
  TLS_FILES_UNUSABLE: atClient(
    'CONNECT_FAILED',
    'the CA, the certificate or the key of this client cannot be used',
    'give files in PEM form, and the key of the certificate: tls.ca, tls.cert, tls.key, or RANKD_TLS_CA, RANKD_TLS_CERT, RANKD_TLS_KEY',
  ),
  CLIENT_CERTIFICATE_MISSING: atBoth(
    'UNAUTHORIZED',
    'the server requires a client certificate, and the client sent none',
    'give a certificate and its key: tls.cert and tls.key, or RANKD_TLS_CERT and RANKD_TLS_KEY of the client',
  ),
  CLIENT_CERTIFICATE_REJECTED: atBoth(
    'UNAUTHORIZED',
    'the client certificate is not accepted by the server',
    'use a certificate for clients that the CA of the server (its RANKD_TLS_CA) has signed and that is valid now',
  ),
  HTTP_SERVER: atClient(
    'BAD_FRAME',
    'an HTTP server answers on this port',
    `use the port for members (RANKD_PORT, 2700 by default) and not the side port for HTTP (RANKD_HTTP_PORT, 9464 by default)`,
  ),
  NOT_HTTP: atClient(
    'CONNECT_FAILED',
    'the server on this port does not speak HTTP; it may be the port for members',
    'use the side port (RANKD_HTTP_PORT, 9464 by default)',
  ),
  OTHER_PROTOCOL: atClient('BAD_FRAME', 'the server on this port is not rankd', checkPort),
  CLOSED_AS_WITH_TLS: atClient(
    'CONNECT_FAILED',
    'the connection was closed without an answer to hello; a server with TLS does this',
    `write rankds:// instead of rankd:// in the URL if the server uses TLS; else ${checkPort}, and read the log of the server`,
  ),
  CLOSED_UNANSWERED: atClient(
    'CONNECT_FAILED',
    'the connection was closed without an answer to hello',
    `${checkPort}, and read the log of the server`,
  ),
  UNANSWERED: atClient(
    'CONNECT_FAILED',
    'the server has not answered hello',
    `${checkPort} and that the server is rankd`,
  ),
  TLS_EXPECTED: atServer(
    'BAD_FRAME',
    'the connection does not begin with TLS, which this server requires',
    'write rankds:// in the URL of that client, and switch the PROXY protocol off in a proxy before the server',
  ),
  SERVER_CERTIFICATE_REJECTED: atServer(
    'BAD_FRAME',
    'the client does not accept the certificate of this server',
    'give the CA of this server to that client (RANKD_TLS_CA there), and check the host names in the certificate',
  ),
  PROXY_HEADER: atServer(
    'BAD_FRAME',
    'the connection begins with a PROXY protocol header',
    'switch the PROXY protocol off in the proxy (nginx: proxy_protocol, HAProxy: send-proxy): rankd does not read it',
  ),
  HTTP_REQUEST: atServer(
    'BAD_FRAME',
    'an HTTP request arrived on the port for members',
    'send HTTP requests to the side port (RANKD_HTTP_PORT, 9464 by default)',
  ),
  OTHER_CLIENT: atServer(
    'BAD_FRAME',
    'a client of another protocol has connected to the port for members',
    'correct the address in that client',
  ),
} as const satisfies Record<string, MistakeEntry>;

/** The name of a mistake. */
export type Mistake = keyof typeof table;

/** The table of all mistakes. */
export const mistakes: Readonly<Record<Mistake, MistakeEntry>> = table;

/** Returns a sentence for people: what has happened, which value, and what to do. `detail` is the value. */
export function explainMistake(mistake: Mistake, detail?: string): string {
  const { meaning, remedy } = mistakes[mistake];
  return `${meaning}${detail === undefined ? '' : ` (${detail})`}: ${remedy}`;
}

/** Returns the mistake whose sentence this message begins with. A `bye` has no field for it. */
export function findMistake(message: string): Mistake | undefined {
  return (Object.keys(mistakes) as Mistake[]).find(name => message.startsWith(mistakes[name].meaning));
}
