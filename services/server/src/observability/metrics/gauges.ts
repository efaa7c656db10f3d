/** The gauges and totals that each scrape reads from the state of the server. */

import { Counter, Gauge, type Registry } from 'prom-client';

/** The gauges of one group. */
export interface GroupGauges {
  readonly name: string;
  readonly members: number;
  readonly waiting: number;
  readonly view: number;
  /** Whether the member of rank 0 is connected. */
  readonly isLeaderPresent: boolean;
}

/** The values that a scrape reads from the present state of the server. */
export interface GaugeSources {
  readGroupGauges(): Iterable<GroupGauges>;
  readonly membersMax: number;
  readonly observers: number;
  readonly sessions: number;
  readonly backlogBytesLargest: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly logLinesDropped: number;
  /** Undefined if this server has no cluster. */
  readonly cluster:
    | {
        readonly servers: readonly unknown[];
        readonly epoch: number;
        readonly lagEntries: number;
        readonly shardsFollowed: number;
      }
    | undefined;
  readonly mirror: { readonly up: boolean; readonly lagViews: number } | undefined;
}

/** Registers all gauges, and the totals that the server counts itself. */
export function registerGauges(registry: Registry, sources: GaugeSources): void {
  registerGroups(registry, sources);
  registerTotals(registry, sources);
  registerCluster(registry, sources);
}

function registerCluster(registry: Registry, sources: GaugeSources): void {
  registerGauge(
    registry,
    'rankd_servers',
    'Servers of the cluster that stand in the order; 1 without a cluster',
    [],
    gauge => gauge.set(sources.cluster?.servers.length ?? 1),
  );
  registerGauge(
    registry,
    'rankd_epoch',
    'The epoch of the streams that keep the order; 0 without a cluster',
    [],
    gauge => gauge.set(sources.cluster?.epoch ?? 0),
  );
  registerGauge(registry, 'rankd_log_lag_entries', 'What was read of the order and is not applied yet', [], gauge =>
    gauge.set(sources.cluster?.lagEntries ?? 0),
  );
  registerGauge(
    registry,
    'rankd_shards_followed',
    'Streams of the cluster that this server follows; 0 without one',
    [],
    gauge => gauge.set(sources.cluster?.shardsFollowed ?? 0),
  );
}

function registerGroups(registry: Registry, sources: GaugeSources): void {
  const perGroup = (name: string, help: string, read: (group: GroupGauges) => number): void =>
    registerGauge(registry, name, help, ['group'], gauge => {
      gauge.reset();
      for (const group of sources.readGroupGauges()) gauge.set({ group: group.name }, read(group));
    });
  perGroup('rankd_members', 'Members of a group', group => group.members);
  perGroup('rankd_members_max', 'How many members a group may have', () => sources.membersMax);
  perGroup('rankd_waiting', 'Sessions that wait for a seat in a group', group => group.waiting);
  perGroup('rankd_leader_present', '1 while the member of rank 0 is connected, 0 while its place is kept', group =>
    group.isLeaderPresent ? 1 : 0,
  );
  perGroup('rankd_view', 'The number of the newest view of a group', group => group.view);
  registerGauge(registry, 'rankd_sessions', 'Open connections', [], gauge => gauge.set(sources.sessions));
  registerGauge(registry, 'rankd_observers', 'Observers, over all groups', [], gauge => gauge.set(sources.observers));
  registerGauge(registry, 'rankd_backlog_bytes', 'The most bytes that wait for one session', [], gauge =>
    gauge.set(sources.backlogBytesLargest),
  );
  if (sources.mirror === undefined) return;
  registerGauge(registry, 'rankd_mirror_up', '1 while the mirror takes writes', [], gauge =>
    gauge.set(sources.mirror?.up === true ? 1 : 0),
  );
  registerGauge(registry, 'rankd_mirror_lag_views', 'Views that the mirror has not got yet', [], gauge =>
    gauge.set(sources.mirror?.lagViews ?? 0),
  );
}

function registerTotals(registry: Registry, sources: GaugeSources): void {
  const total = (name: string, help: string, read: () => number): void => {
    new Counter({
      name,
      help,
      registers: [registry],
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  };
  total('rankd_received_bytes_total', 'Bytes that sessions sent', () => sources.receivedBytes);
  total('rankd_sent_bytes_total', 'Bytes that sessions were sent', () => sources.sentBytes);
  total(
    'rankd_log_lines_dropped_total',
    'Lines of the log that standard output did not take',
    () => sources.logLinesDropped,
  );
}

function registerGauge<L extends string>(
  registry: Registry,
  name: string,
  help: string,
  labelNames: L[],
  read: (gauge: Gauge<L>) => void,
): void {
  new Gauge({
    name,
    help,
    labelNames,
    registers: [registry],
    collect() {
      read(this);
    },
  });
}
