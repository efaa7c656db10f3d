/** The measurements that a benchmark can make. */

/** The kinds of server. `rankd` has its default settings, with a mirror in a Redis of its own. */
export type ServerKind = 'rankd' | 'rankd-unmirrored' | 'nats' | 'redis' | 'mosquitto' | 'c-limit' | 'node-limit';

/** The kinds of load. native/load-generator.c explains each. Only node-probes.ts has `silence`, which waits for heartbeat timeouts. */
export type LoadMode = 'fan' | 'trip' | 'storm' | 'churn' | 'elect' | 'kill' | 'silence';

/** Options of the load generator, which has a default for each. */
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
  /** Whether it needs a newly started server, as measurements of memory and of first joins do. */
  readonly needsFreshServer?: boolean;
}

/** A measurement of etcd: how long it takes until the next client has a lock after the holder was killed. The lease is 2 s. */
export interface LeaseProbe {
  readonly kind: 'etcd-lease';
  readonly key: string;
  readonly rounds: number;
}

/** A measurement. */
export type Probe = LoadProbe | LeaseProbe;

/** The numbers of one measurement by name, with the unit last. */
export type Sample = Readonly<Record<string, number>>;
