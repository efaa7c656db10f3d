/** The measurements that a benchmark can make. */

/** The kinds of server. `rankd` has its default settings, with a mirror in a Redis of its own. */
export type ServerKind = 'rankd' | 'rankd-unmirrored' | 'nats' | 'redis' | 'mosquitto' | 'c-limit' | 'node-limit';

/** The kinds of load. native/load-generator.c explains each; `silence` is in node-probes.ts and waits for heartbeats. */
export type LoadMode = 'fan' | 'trip' | 'storm' | 'churn' | 'elect' | 'kill' | 'silence';

/** Options of the load generator. A missing option has its default there. */
export interface LoadOptions {
  readonly members: number;
  readonly senders?: number;
  readonly payloadBytes?: number;
  readonly inFlight?: number;
  readonly rounds?: number;
  readonly discards?: boolean;
  /** Whether the members ask for the size of the group, as clients of rankd's library do (`updates` size). */
  readonly sizes?: boolean;
  readonly warmS?: number;
  readonly measureS?: number;
}

/** A measurement of one server with the load generator. */
export interface LoadProbe {
  readonly kind: 'load';
  /** The name of its samples within the row. */
  readonly key: string;
  readonly server: ServerKind;
  readonly mode: LoadMode;
  readonly load: LoadOptions;
  /** Whether it needs a server that has done nothing yet: for memory, and for first joins. */
  readonly needsFreshServer?: boolean;
}

/** A measurement of etcd: the holder of a lock with a lease of 2 s is killed, and the time ends when the next one has the lock. */
export interface LeaseProbe {
  readonly kind: 'etcd-lease';
  readonly key: string;
  readonly rounds: number;
}

/** A measurement. */
export type Probe = LoadProbe | LeaseProbe;

/** The numbers of one measurement by name, with the unit last. */
export type Sample = Readonly<Record<string, number>>;
