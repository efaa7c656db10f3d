/** Checks by which name a request calls the side port. */

import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

/** The host that a request names, or the reason for which no host can be read from it. */
const WITH_PORT = /^([A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{0,5})?$/;

/**
 * Returns the first host of a request that is no address, not `localhost` and not in `hosts`. Returns undefined if there is none. A web
 * page of another site can point its own host name at this server (DNS rebinding). The browser then sends that name.
 * @param authority the host of an absolute request target
 * @param hosts more names, as `parseHosts` returns them
 */
export function findForeignHost(
  { rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>,
  authority: string | undefined,
  hosts: ReadonlySet<string>,
): string | undefined {
  // `headers` has only the first of several Host headers.
  const named = rawHeaders.filter((_, index) => rawHeaders[index - 1]?.toLowerCase() === 'host' && index % 2 === 1);
  if (authority !== undefined) named.push(authority);
  return named.find(host => !isOwnHost(host.trim(), hosts));
}

/** Returns the names of RANKD_HTTP_HOSTS. */
export function parseHosts(text: string | undefined): ReadonlySet<string> {
  return new Set((text ?? '').split(',').map(name => normalize(name.trim())));
}

/** An empty host is accepted like a missing one: no browser sends it. */
function isOwnHost(host: string, hosts: ReadonlySet<string>): boolean {
  if (host === '' || isIP(host) !== 0) return true;
  const name = normalize(WITH_PORT.exec(host)?.[1] ?? '');
  return name === 'localhost' || isAddress(name) || (name !== '' && hosts.has(name));
}

/** Browsers also accept `127.1` for `127.0.0.1`. No host name ends with a number. */
function isAddress(name: string): boolean {
  if (name.startsWith('[')) return isIP(name.slice(1, -1)) === 6;
  const url = `http://${name}`;
  return URL.canParse(url) && isIP(new URL(url).hostname) === 4;
}

/** Names are the same in upper case, and with the dot of the DNS root at the end. */
function normalize(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}
