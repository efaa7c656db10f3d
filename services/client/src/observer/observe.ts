import { checkClientMessage } from '@rankd/protocol';
import { type ClientEnvironment, systemEnvironment } from '../client-environment.js';
import { Connection, type ObserverHello } from '../connection/connection.js';
import type { TlsSource } from '../connection/dial.js';
import { parseServerAddresses } from '../connection/server-address.js';
import { RankdError } from '../rankd-error.js';
import { Observer } from './observer.js';

const CONNECT_MS = 5000;

export interface ObserveOptions {
  /** The group to watch. Default: `default`. */
  readonly group?: string;
  /** The admin token permits `move`, `remove` and `command`. Any other token that the server accepts permits only questions. */
  readonly token?: string | undefined;
  /** For `rankds://`: the CA to trust, and the certificate to show. */
  readonly tls?: TlsSource;
  /** Aborts connecting. */
  readonly signal?: AbortSignal;
}

/**
 * Watches a group without being a member: an observer has no rank and is not counted (R-JOIN-1). It is one session: an observer does
 * not reconnect. If `url` has several servers, the first that answers is used.
 * @throws RankdError the code that the server sent; CONNECT_FAILED; BAD_ARGUMENT; ABORTED
 */
export async function observe(url: string, options: ObserveOptions = {}): Promise<Observer> {
  return observeWith(systemEnvironment, url, options);
}

/** `observe` in another environment: for tests that run the library in-process on a manual clock. */
export async function observeWith(
  environment: ClientEnvironment,
  url: string,
  options: ObserveOptions = {},
): Promise<Observer> {
  const { group, token, tls = {}, signal = new AbortController().signal } = options;
  const hello: ObserverHello = {
    type: 'hello',
    protocol: 1,
    role: 'observer',
    ...(group === undefined ? {} : { group }),
    ...(token === undefined ? {} : { token }),
  };
  const checked = checkClientMessage(hello);
  if (checked.kind === 'bad') throw new RankdError('BAD_ARGUMENT', checked.detail);
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
