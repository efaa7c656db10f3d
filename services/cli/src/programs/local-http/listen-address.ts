/** The option `--http`: where rankctl answers its program (R-PROG-9). */

import { isIP } from 'node:net';
import { UsageError } from '../../errors.js';

const LOOPBACK = '127.0.0.1';
const PORT_MAX = 65_535;

/** A host and a port. Port 0 stands for any free port. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/**
 * Parses `[HOST:]PORT`. An IPv6 address is in brackets.
 * @throws UsageError
 */
export function parseListenAddress(text: string): ListenAddress {
  const [, named = LOOPBACK, port = ''] = /^(?:(\[[^\]]*\]|[^:[\]]+):)?(\d{1,5})$/.exec(text) ?? [];
  const host = named.startsWith('[') ? named.slice(1, -1) : named;
  const isAddress = !named.startsWith('[') || isIP(host) === 6;
  if (port === '' || Number(port) > PORT_MAX || !isAddress || /\s/.test(host)) {
    throw new UsageError(`--http ${JSON.stringify(text)} is not of the form PORT, HOST:PORT or [IPV6]:PORT`);
  }
  return { host, port: Number(port) };
}

/** Returns the URL by which a program of this machine reaches the port: RANKD_HTTP. */
export function urlOf({ host, port }: ListenAddress): string {
  if (host === '0.0.0.0') return `http://${LOOPBACK}:${port}`;
  if (host === '::') return `http://[::1]:${port}`;
  return `http://${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
}
