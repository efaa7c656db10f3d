/** The addresses of servers, as URLs and as text. */

import { showValue } from '../arguments/show-value.js';
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

/** The URL of a server, or several URLs: in a list, or in one text separated by commas. */
export type ServerUrls = string | URL | readonly (string | URL)[];

const DEFAULT_PORT = 2700;

const transports: ReadonlyMap<string | undefined, ServerAddress['transport']> = new Map([
  ['rankd:', 'tcp'],
  ['rankds:', 'tls'],
]);

/**
 * Parses one or several URLs: `rankd://host:port` for TCP, `rankds://host:port` for TLS. The default port is 2700.
 * @throws RankdError BAD_ARGUMENT if a URL has another form or another part, or if there is none
 */
export function parseServerAddresses(urls: ServerUrls): readonly ServerAddress[] {
  const list: readonly unknown[] = Array.isArray(urls) ? urls : [urls];
  const addresses = list
    .flatMap(url => urlText(url).split(','))
    .map(text => text.trim())
    .filter(text => text !== '')
    .map(parseServerAddress);
  if (addresses.length === 0) throw new RankdError('BAD_ARGUMENT', 'the URL is empty');
  return addresses;
}

/** A URL object of another realm is not an instance of this realm's URL. */
function urlText(url: unknown): string {
  if (typeof url === 'string') return url;
  const href: unknown = typeof url === 'object' && url !== null ? Reflect.get(url, 'href') : undefined;
  if (typeof href === 'string') return href;
  const allowed = 'a text such as rankd://host:port, a URL object, or a list of them';
  throw new RankdError('BAD_ARGUMENT', `the URL is ${showValue(url)}, it must be ${allowed}`);
}

function parseServerAddress(text: string): ServerAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const transport = transports.get(url?.protocol);
  if (url === undefined || transport === undefined || url.hostname === '') {
    throw new RankdError('BAD_ARGUMENT', `${shown(text)} is not of the form rankd://host:port or rankds://host:port`);
  }
  for (const [part, { isPresent, advice }] of Object.entries(refusedParts)) {
    if (isPresent(url)) throw new RankdError('BAD_ARGUMENT', `the URL ${shown(text)} has ${part}${advice}`);
  }
  const port = url.port === '' ? DEFAULT_PORT : Number(url.port);
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port, transport };
}

/** The parts of a URL that rankd does not use. A URL with such a part is refused, because the part would have no effect. */
const refusedParts: Readonly<Record<string, { isPresent: (url: URL) => boolean; advice: string }>> = {
  'a user or a password': {
    isPresent: url => url.username !== '' || url.password !== '',
    advice: '. Pass the token as the option `token`',
  },
  'a path': {
    isPresent: url => url.pathname !== '' && url.pathname !== '/',
    advice: '. The group is the option `group`',
  },
  'a query': { isPresent: url => url.search !== '', advice: '' },
  'a fragment': { isPresent: url => url.hash !== '', advice: '' },
  'port 0': { isPresent: url => url.port === '0', advice: ', which no server has' },
};

/** Returns the URL for a message, without a user and a password. */
function shown(text: string): string {
  const credentialsEnd = text.lastIndexOf('@');
  if (credentialsEnd === -1) return showValue(text);
  const [scheme = ''] = /^[a-z]{1,16}:\/\//i.exec(text) ?? [];
  return showValue(`${scheme}…${text.slice(credentialsEnd)}`);
}

/** Returns `host:port`, with brackets around an IPv6 address. */
export function formatAddress({ host, port }: Pick<ServerAddress, 'host' | 'port'>): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
