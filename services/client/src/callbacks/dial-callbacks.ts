/** Reports the errors of `dial` and `tls`. */

import type { Dial, DialTarget, TlsSource } from '../connection/dial.js';
import type { ApplicationCallbacks } from './application-callbacks.js';

/**
 * Returns the target with functions that behave as those of the application. An error ends the attempt, and `disconnected` reports the
 * error. It is also emitted as `listenerError`. It is not thrown, because the next attempt may succeed.
 */
export function reportDialErrors<T extends DialTarget>(target: T, callbacks: ApplicationCallbacks): T {
  const { dial, tls } = target;
  return {
    ...target,
    dial: dial === undefined ? undefined : reportDial(dial, callbacks),
    tls: typeof tls === 'function' ? reportTls(tls, callbacks) : tls,
  };
}

function reportDial(dial: Dial, callbacks: ApplicationCallbacks): Dial {
  return async (address, options) => {
    try {
      const stream: unknown = await dial(address, options);
      if (!isDuplex(stream)) throw new TypeError('dial must return a duplex stream, or a promise of one');
      return stream;
    } catch (error) {
      // After an abort a rejection is expected.
      if (!options.signal.aborted) callbacks.notify('dial', error);
      throw error;
    }
  };
}

function reportTls(tls: Extract<TlsSource, () => unknown>, callbacks: ApplicationCallbacks): TlsSource {
  return () => {
    try {
      return tls();
    } catch (error) {
      callbacks.notify('tls', error);
      throw error;
    }
  };
}

function isDuplex(stream: unknown): stream is Awaited<ReturnType<Dial>> {
  if (typeof stream !== 'object' || stream === null) return false;
  return ['on', 'write', 'destroy'].every(method => typeof Reflect.get(stream, method) === 'function');
}
