/** The settings of the streams, and the functions and values that they get from their owner. */

import type { Clock } from '../clock.js';
import type { StreamEnvironment } from './environment.js';

/** The settings of the streams. */
export interface StreamSettings {
  /** The address of Redis (RANKD_REDIS_URL). It may contain a password. */
  readonly url: string;
  /** The prefix of all keys. */
  readonly prefix: string;
  /** The number of streams, 1 to 256. It cannot change while Redis holds the streams. */
  readonly shards: number;
  /** When an append is `ok`. `async`: the primary has written it. `replicated`: a replica has confirmed it too. */
  readonly ack: 'async' | 'replicated';
}

/** Whether the connections are up. If they are down, the reason. */
export type ConnectionState = { readonly kind: 'up' } | { readonly kind: 'down'; readonly reason: string };

/** The functions and values that the streams get from their owner. */
export interface StreamPorts {
  readonly clock: Clock;
  readonly environment: StreamEnvironment;
  /** Called when the combined state of all connections changes between `up` and `down`. */
  readonly onConnectionState: (state: ConnectionState) => void;
  /** Called when lost connections are up again, with the shards that they are for. */
  readonly onReconnected: (shards: readonly number[]) => void;
  /** Called with a sentence about a setting of Redis that should be changed. */
  readonly onWarning: (sentence: string) => void;
}
