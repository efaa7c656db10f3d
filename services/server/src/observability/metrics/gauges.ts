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
  registerGauge(registry, 'rankd_servers', 'Servers that have joined the cluster; 1 without a cluster', [], gauge =>
    gauge.set(sources.cluster?.servers.length ?? 1),
  );
  registerGauge(registry, 'rankd_epoch', 'The epoch of the cluster log; 0 without a cluster', [], gauge =>
    gauge.set(sources.cluster?.epoch ?? 0),
  );
  registerGauge(
    registry,
    'rankd_log_lag_entries',
    'Records of the cluster log that were read and are not applied yet',
    [],
    gauge => gauge.set(sources.cluster?.lagEntries ?? 0),
  );
  registerGauge(
    registry,
    'rankd_shards_followed',
    'Shards of the cluster log that this server follows; 0 without a cluster',
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
  perGroup('rankd_members', 'Members of the group', group => group.members);
  perGroup('rankd_members_max', 'The largest number of members that a group may have', () => sources.membersMax);
  perGroup('rankd_waiting', 'Sessions that wait for a seat in the group', group => group.waiting);
  perGroup('rankd_leader_present', '1 if the member of rank 0 is connected, 0 if it is away', group =>
    group.isLeaderPresent ? 1 : 0,
  );
  perGroup('rankd_view', 'The number of the newest view of the group', group => group.view);
  registerGauge(registry, 'rankd_sessions', 'Open connections', [], gauge => gauge.set(sources.sessions));
  registerGauge(registry, 'rankd_observers', 'Observers in all groups together', [], gauge =>
    gauge.set(sources.observers),
  );
  registerGauge(
    registry,
    'rankd_backlog_bytes',
    'The largest number of bytes that wait to be sent to one session',
    [],
    gauge => gauge.set(sources.backlogBytesLargest),
  );
  if (sources.mirror === undefined) return;
  registerGauge(registry, 'rankd_mirror_up', '1 if the mirror accepts writes, 0 if not', [], gauge =>
    gauge.set(sources.mirror?.up === true ? 1 : 0),
  );
  registerGauge(registry, 'rankd_mirror_lag_views', 'Views that are not written to the mirror yet', [], gauge =>
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
  total('rankd_received_bytes_total', 'Bytes received from sessions', () => sources.receivedBytes);
  total('rankd_sent_bytes_total', 'Bytes sent to sessions', () => sources.sentBytes);
  total(
    'rankd_log_lines_dropped_total',
    'Log lines that were dropped because standard output did not accept them',
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
