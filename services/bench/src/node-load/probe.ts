/** The server that is measured. `rankd` is as it is by default, with a mirror in a Redis of its own. */
export type ServerKind = 'rankd' | 'rankd-unmirrored' | 'nats' | 'redis' | 'mosquitto' | 'c-limit' | 'node-limit';

/** See native/load-generator.c for what each does, and node-probes.ts for `silence`, which waits for heartbeats. */
export type LoadMode = 'fan' | 'trip' | 'storm' | 'churn' | 'elect' | 'kill' | 'silence';

/** Options of the load generator; what is missing has its default there. */
export interface LoadOptions {
  readonly members: number;
  readonly senders?: number;
  readonly payloadBytes?: number;
  readonly inFlight?: number;
  readonly rounds?: number;
  readonly discards?: boolean;
  readonly warmS?: number;
  readonly measureS?: number;
}

/** The load generator against one server. */
export interface LoadProbe {
  readonly kind: 'load';
  /** Names its samples within the row. */
  readonly key: string;
  readonly server: ServerKind;
  readonly mode: LoadMode;
  readonly load: LoadOptions;
  /** Memory and a first join are measured on a server that has done nothing yet. */
  readonly needsFreshServer?: boolean;
}

/** Killed holders of an etcd lock whose lease is 2 s, until the next in line has it. */
export interface LeaseProbe {
  readonly kind: 'etcd-lease';
  readonly key: string;
  readonly rounds: number;
}

export type Probe = LoadProbe | LeaseProbe;

/** The numbers of one run of a probe, by name, units last. */
export type Sample = Readonly<Record<string, number>>;
