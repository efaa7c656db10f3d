/** The URL by which clients reach this server. */

import { networkInterfaces } from 'node:os';
import { plainAddress } from './client-address.js';
import type { Transport } from './gateway/transport/transport.js';

/** Where a server listens. */
export interface ListeningAddress {
  readonly host: string;
  readonly port: number;
  readonly transport: Transport['kind'];
}

type Interfaces = ReturnType<typeof networkInterfaces>;

/**
 * Returns the URL by which other machines reach a server: `rankd://10.0.0.5:2700`. A server that listens on all addresses is
 * reached at those of its machine or container: IPv4 is preferred, then IPv6 that is not link-local. If it has none, it is reached on this machine only.
 */
export function reachableUrl(
  { host, port, transport }: ListeningAddress,
  interfaces: () => Interfaces = networkInterfaces,
): string {
  const address = isUnspecified(host) ? addressOf(interfaces()) : host;
  const shown = address.includes(':') ? `[${address}]` : address;
  return `${transport === 'tcp' ? 'rankd' : 'rankds'}://${shown}:${port}`;
}

function isUnspecified(host: string): boolean {
  return ['0.0.0.0', '::', '0:0:0:0:0:0:0:0', ''].includes(plainAddress(host));
}

function addressOf(interfaces: Interfaces): string {
  const all = Object.values(interfaces).flatMap((addresses = []) => addresses);
  const external = all.filter(({ internal, address }) => !internal && !address.toLowerCase().startsWith('fe80:'));
  const found = external.find(({ family }) => family === 'IPv4') ?? external[0];
  return found?.address ?? '127.0.0.1';
}
