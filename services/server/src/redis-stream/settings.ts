import type { Clock } from '../clock.js';
import type { StreamEnvironment } from './environment.js';

export interface StreamSettings {
  /** Where Redis is; may hold a password. */
  readonly url: string;
  /** What all keys begin with. */
  readonly prefix: string;
  /** How many streams there are; fixed for as long as Redis keeps them. 1 to 256. */
  readonly shards: number;
  /** `replicated`: an append is `ok` once a replica has it too. */
  readonly ack: 'async' | 'replicated';
}

export type ConnectionState = { readonly kind: 'up' } | { readonly kind: 'down'; readonly reason: string };

/** What the streams need of whoever owns them. */
export interface StreamPorts {
  readonly clock: Clock;
  readonly environment: StreamEnvironment;
  /** Whether all connections are there; told when it changes, never twice the same kind. */
  readonly connection: (state: ConnectionState) => void;
  /** The connections that serve these shards had been lost, and are back. */
  readonly reconnected: (shards: readonly number[]) => void;
  /** A sentence for people, about what works but should not stay as it is. */
  readonly warning: (sentence: string) => void;
}
