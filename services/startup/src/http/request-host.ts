/** Checks the host name that a request uses for the side port. */

import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

/** A host with an optional port. */
const WITH_PORT = /^([A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{0,5})?$/;

/**
 * Returns the first host in a request that is not an address, not `localhost` and not in `hosts`. Returns undefined if there is none. This
 * protects against DNS rebinding: the owner of a web page points its host name at this server, and the browser then sends that name.
 * @param authority the host of an absolute request target, if the request has one
 * @param hosts more names, as `parseHosts` returns them
 */
export function findForeignHost(
  { rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>,
  authority: string | undefined,
  hosts: ReadonlySet<string>,
): string | undefined {
  // Node's `headers` has only the first of several Host headers.
  const named = rawHeaders.filter((_, index) => rawHeaders[index - 1]?.toLowerCase() === 'host' && index % 2 === 1);
  if (authority !== undefined) named.push(authority);
  return named.find(host => !isOwnHost(host.trim(), hosts));
}

/** Returns the names of RANKD_HTTP_HOSTS. */
export function parseHosts(text: string | undefined): ReadonlySet<string> {
  return new Set((text ?? '').split(',').map(name => normalize(name.trim())));
}

/** A missing or empty host is accepted, because a browser always sends one. */
function isOwnHost(host: string, hosts: ReadonlySet<string>): boolean {
  if (host === '' || isIP(host) !== 0) return true;
  const name = normalize(WITH_PORT.exec(host)?.[1] ?? '');
  return name === 'localhost' || isAddress(name) || (name !== '' && hosts.has(name));
}

/** Every name that ends with a number is an address: browsers also accept `127.1` for `127.0.0.1`. */
function isAddress(name: string): boolean {
  if (name.startsWith('[')) return isIP(name.slice(1, -1)) === 6;
  const url = `http://${name}`;
  return URL.canParse(url) && isIP(new URL(url).hostname) === 4;
}

/** Case and a dot at the end do not matter in host names. */
function normalize(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}
