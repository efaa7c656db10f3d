/** The addresses of servers, as URLs and as text. */

import { RankdError } from '../rankd-error.js';

/** The address of a server. */
export interface ServerAddress {
  /** A host name or an IP address, without brackets. */
  readonly host: string;
  /** The port, 2700 by default. */
  readonly port: number;
  /** `tcp` for a `rankd://` URL, `tls` for a `rankds://` URL. */
  readonly transport: 'tcp' | 'tls';
}

const DEFAULT_PORT = 2700;

const transports: ReadonlyMap<string | undefined, ServerAddress['transport']> = new Map([
  ['rankd:', 'tcp'],
  ['rankds:', 'tls'],
]);

/**
 * Parses one or several URLs, separated by commas: `rankd://host:port` for TCP, `rankds://host:port` for TLS. The default port is
 * 2700.
 * @throws RankdError BAD_ARGUMENT if a URL has another form, or if there is none
 */
export function parseServerAddresses(urls: string): readonly ServerAddress[] {
  const addresses = urls
    .split(',')
    .map(text => text.trim())
    .filter(text => text !== '')
    .map(parseServerAddress);
  if (addresses.length === 0) throw new RankdError('BAD_ARGUMENT', 'the URL is empty');
  return addresses;
}

function parseServerAddress(text: string): ServerAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const transport = transports.get(url?.protocol);
  if (url === undefined || transport === undefined || url.hostname === '') {
    throw new RankdError(
      'BAD_ARGUMENT',
      `${JSON.stringify(text)} is not of the form rankd://host:port or rankds://host:port`,
    );
  }
  const port = url.port === '' ? DEFAULT_PORT : Number(url.port);
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port, transport };
}

/** Returns `host:port`, with brackets around an IPv6 address. */
export function formatAddress({ host, port }: Pick<ServerAddress, 'host' | 'port'>): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
