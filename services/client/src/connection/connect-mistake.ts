/** Finds the mistake behind an error of a connection. */

import { mistakes, type Mistake, type Opening } from '@rankd/protocol';
import { errorText } from '../error-text.js';
import { RankdError } from '../rankd-error.js';
import { formatAddress, type ServerAddress } from './server-address.js';

/** The mistakes by the codes of Node and OpenSSL. The first pattern that matches counts. */
const byCode: readonly (readonly [pattern: RegExp, mistake: Mistake])[] = [
  [/^ECONNREFUSED$/, 'PORT_CLOSED'],
  [/^ENOTFOUND$/, 'HOST_UNKNOWN'],
  [/^(EAI_|ESERVFAIL|ETIMEOUT|EREFUSED|ENODATA)/, 'HOST_LOOKUP_FAILED'],
  [/^(EHOSTUNREACH|ENETUNREACH|ENETDOWN|EHOSTDOWN|EADDRNOTAVAIL|EACCES|EPERM)$/, 'HOST_UNREACHABLE'],
  [/^ETIMEDOUT$/, 'CONNECT_TIMEOUT'],
  [/^ERR_TLS_CERT_ALTNAME/, 'HOST_MISMATCH'],
  [/^DEPTH_ZERO_SELF_SIGNED_CERT$/, 'CERTIFICATE_SELF_SIGNED'],
  [/^(UNABLE_TO_|SELF_SIGNED_CERT_IN_CHAIN|CERT_SIGNATURE_FAILURE|CERT_UNTRUSTED)/, 'CA_UNKNOWN'],
  [/^CERT_HAS_EXPIRED$/, 'CERTIFICATE_EXPIRED'],
  [/^CERT_NOT_YET_VALID$/, 'CERTIFICATE_NOT_YET_VALID'],
  [/^(CERT_|CRL_|INVALID_|PATH_LENGTH_|HOSTNAME_MISMATCH|ERROR_IN_CERT)/, 'CERTIFICATE_INVALID'],
  [/^ERR_OSSL_|^ERR_CRYPTO_/, 'TLS_FILES_UNUSABLE'],
  [/^ERR_SSL_.*ALERT_CERTIFICATE_REQUIRED$/, 'CLIENT_CERTIFICATE_MISSING'],
  [/^ERR_SSL_.*ALERT_(UNKNOWN_CA|(BAD_|NO_|UNSUPPORTED_)?CERTIFICATE)/, 'CLIENT_CERTIFICATE_REJECTED'],
  [/^ERR_SSL_.*(UNSUPPORTED_PROTOCOL|PROTOCOL_VERSION|VERSION_TOO_LOW)$/, 'TLS_VERSION'],
  [/^ERR_SSL_(?!.*ALERT)/, 'TLS_NOT_SPOKEN'],
];

/** The mistakes by the first bytes of the server, on a connection without TLS. */
const byOpening: Readonly<Partial<Record<Opening, Mistake>>> = {
  'tls alert': 'TLS_REQUIRED',
  'tls handshake': 'TLS_REQUIRED',
  'http answer': 'HTTP_SERVER',
};

/** The names of other protocols, for people. */
const names: Readonly<Partial<Record<Opening, string>>> = {
  'redis answer': 'Redis',
  ssh: 'an SSH server',
  nats: 'NATS',
  'mail or ftp': 'a mail or FTP server',
};

/** Returns the error of an attempt to connect. `cause` is the error of Node, of the user's `dial`, or of reading the TLS files. */
export function connectError(address: ServerAddress, cause: unknown, isTimeout: boolean): RankdError {
  const mistake = isTimeout ? 'CONNECT_TIMEOUT' : findConnectMistake(address, cause);
  const detail = `${formatAddress(address)}: ${detailOf(cause)}`;
  return mistake === undefined
    ? new RankdError('CONNECT_FAILED', detail, { cause })
    : new RankdError('CONNECT_FAILED', detail, { cause, mistake });
}

/** Returns the error of an open connection that has ended before the server answered. `cause` is the error of the socket, if any. */
export function unansweredError(address: ServerAddress, cause: Error | undefined): RankdError {
  const closed = address.transport === 'tcp' ? 'CLOSED_AS_WITH_TLS' : 'CLOSED_UNANSWERED';
  const mistake = mistakeOfCode(cause) ?? closed;
  return mistakeError(mistake, `${formatAddress(address)}${cause === undefined ? '' : `: ${cause.message}`}`, cause);
}

/**
 * Returns the error of a server that does not speak the protocol of rankd. Undefined if it does, or if more bytes are needed.
 * @param text the first bytes, for the message
 */
export function openingError(
  opening: Opening | undefined,
  text: string,
  address: ServerAddress,
): RankdError | undefined {
  if (opening === undefined || opening === 'frames') return undefined;
  const mistake = byOpening[opening] ?? 'OTHER_PROTOCOL';
  const known = names[opening];
  const asKnown = known === undefined ? '' : `, as ${known} does`;
  return mistakeError(mistake, `${formatAddress(address)} sent ${JSON.stringify(text)}${asKnown}`);
}

/** Returns an error with the code and the sentence of a mistake. */
export function mistakeError(mistake: Mistake, detail: string, cause?: unknown): RankdError {
  return new RankdError(mistakes[mistake].code, detail, { mistake, cause });
}

function findConnectMistake(address: ServerAddress, cause: unknown): Mistake | undefined {
  const isTls = address.transport === 'tls';
  // Only the function that reads the TLS files fails with an error of the file system.
  if (isTls && /^(open|read)$/.test(textOf(cause, 'syscall'))) return 'TLS_FILES_UNUSABLE';
  const isReset = /^(ECONNRESET|EPIPE)$/.test(textOf(cause, 'code'));
  return isTls && isReset ? 'TLS_INTERRUPTED' : mistakeOfCode(cause);
}

/** Returns the mistake behind an error of Node or OpenSSL. */
export function mistakeOfCode(cause: unknown): Mistake | undefined {
  const code = textOf(cause, 'code');
  return byCode.find(([pattern]) => pattern.test(code))?.[1];
}

/** A host name with several addresses fails with an AggregateError, which has one error for each address. */
function textOf(cause: unknown, field: 'code' | 'syscall'): string {
  const error: unknown = cause instanceof AggregateError ? cause.errors[0] : cause;
  const text = ((error ?? {}) as Readonly<Record<string, unknown>>)[field];
  return typeof text === 'string' ? text : '';
}

/** Returns the text of Node, by which people search. The text of OpenSSL has addresses in memory, so its code is returned. */
function detailOf(cause: unknown): string {
  const code = textOf(cause, 'code');
  return code.startsWith('ERR_SSL_') ? code : errorText(cause);
}
