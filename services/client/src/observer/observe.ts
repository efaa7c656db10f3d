/** Connects an observer to a group. */

import { checkOptions } from '../arguments/check-argument.js';
import { observeRules } from '../arguments/rules.js';
import { type ClientEnvironment, systemEnvironment } from '../client-environment.js';
import { Connection, type ObserverHello } from '../connection/connection.js';
import type { TlsSource } from '../connection/dial.js';
import { parseServerAddresses, type ServerUrls } from '../connection/server-address.js';
import { RankdError } from '../rankd-error.js';
import { Observer } from './observer.js';

/** How long to try each server, ms. */
const CONNECT_MS = 5000;

/** Options of `observe`. A value outside its limits rejects with BAD_ARGUMENT. */
export interface ObserveOptions {
  /** The group to watch: 1 to 64 of the characters A-Z a-z 0-9 . _ -. Default: `default`. */
  readonly group?: string;
  /**
   * The token of the server (RANKD_TOKEN) or the admin token (RANKD_ADMIN_TOKEN), at most 256 characters. Only the admin token
   * permits `move`, `remove` and `command`.
   */
  readonly token?: string | undefined;
  /** Features that the server must have. A server that lacks one ends the session with UNSUPPORTED. */
  readonly require?: readonly string[];
  /** For `rankds://` URLs: the CA to trust, and the client certificate. Default: the CAs that Node trusts, and no client certificate. */
  readonly tls?: TlsSource;
  /** Ends the connection attempt: `observe` rejects with ABORTED. */
  readonly signal?: AbortSignal;
}

/**
 * Watches a group without being a member: an observer has no rank and is not counted in the size (R-JOIN-1). It has one session
 * and does not reconnect.
 * @param url `rankd://host:port` or `rankds://host:port`; of several, separated by commas, the first that answers is used. Each
 *   is tried for at most 5000 ms
 * @throws RankdError the code of the server, for example UNAUTHORIZED; CONNECT_FAILED; BAD_ARGUMENT; ABORTED
 */
export async function observe(url: ServerUrls, options: ObserveOptions = {}): Promise<Observer> {
  return observeWith(systemEnvironment, url, options);
}

/** Observes as `observe` does, in another environment. Tests use it to run the library in-process on a manual clock. */
export async function observeWith(
  environment: ClientEnvironment,
  url: ServerUrls,
  options: ObserveOptions = {},
): Promise<Observer> {
  checkOptions('observe', options, observeRules);
  const { group, token, require, tls = {}, signal = new AbortController().signal } = options;
  const hello: ObserverHello = {
    type: 'hello',
    protocol: 1,
    role: 'observer',
    ...(group === undefined ? {} : { group }),
    ...(token === undefined ? {} : { token }),
    ...(require === undefined ? {} : { require: [...require] }),
  };
  const failures: unknown[] = [];
  for (const address of parseServerAddresses(url)) {
    try {
      const connection = await Connection.open(address, { tls, dial: undefined }, signal, CONNECT_MS, environment);
      return await Observer.greet(connection, hello, environment.clock);
    } catch (error) {
      if (!(error instanceof RankdError) || !error.retry) throw error;
      failures.push(error);
    }
  }
  throw failures[0];
}
