/** All rows of the table. */

import { numberOf, type MetricTarget } from './metric-target.js';
import { deliveryRatio, fanProbe, fanRows } from './fan-rows.js';
import type { LoadMode, LoadOptions, LoadProbe, ServerKind } from '../node-load/probe.js';
import type { Row } from './row.js';
import type { Scale } from './scale.js';

/** Returns all rows with the sizes of `scale`, in the order of the table. */
export function rowsAt(scale: Scale): Row[] {
  return [
    ...fanRows(scale),
    trips(scale),
    senders(scale),
    churn(scale),
    elections(scale),
    storm(scale),
    growth(scale),
    roster(scale),
  ];
}

function trips({ answering, trips: rounds, warmS }: Scale): Row {
  return {
    id: 'trip',
    work: `a command to ${answering}, all results back, p50`,
    probes: probes(['rankd', 'nats', 'redis', 'c-limit', 'node-limit', 'mosquitto'], 'trip', {
      members: answering,
      rounds,
      warmS,
    }),
    figures: [
      { ...ratio('p50Us', 'nats'), must: 0.75, goal: 0.5 },
      { ...ratio('p50Us', 'redis'), must: 0.95, goal: 0.7 },
      { ...ratio('p50Us', 'c-limit'), must: 1.7, goal: 1.25 },
    ],
  };
}

function senders(scale: Scale): Row {
  const { members, senders: count } = scale;
  return {
    id: 'senders',
    work: `${count} senders of different ranks at once, R=${members}, 512 in flight in total`,
    probes: [
      { ...fanProbe(scale, 'rankd', { members, senders: count }), key: 'many senders' },
      { ...fanProbe(scale, 'rankd', { members }), key: 'one sender' },
    ],
    figures: [
      {
        what: 'deliveries vs one sender',
        must: 0.5,
        goal: 0.9,
        better: 'more',
        of: sampleOf => deliveryRatio(sampleOf, 'many senders', 'one sender'),
      },
    ],
  };
}

function churn({ crowd, smallCrowd }: Scale): Row {
  const small = { ...probe('rankd', 'churn', { members: smallCrowd }), key: 'rankd small' };
  return {
    id: 'churn',
    work: `half of ${crowd} killed at once`,
    probes: [small, ...probes(['rankd', 'c-limit'], 'churn', { members: crowd })],
    figures: [
      {
        what: 'frames a survivor',
        must: 4,
        goal: 2,
        better: 'less',
        of: sampleOf => numberOf(sampleOf('rankd'), 'framesPerSurvivor'),
      },
      { ...ratio('settledMs', 'c-limit'), what: 'time vs c-limit', must: 2, goal: 1 },
      { ...ratio('settledMs', small.key), what: `T(${crowd}) / T(${smallCrowd})`, must: 12, goal: 8 },
    ],
  };
}

function elections({ elections: rounds, kills, leases }: Scale): Row {
  return {
    id: 'elect',
    work: `time from the departure of rank 0 to the promotion of rank 1, N=2, p50`,
    probes: [
      ...probes(['rankd', 'c-limit'], 'elect', { members: 2, rounds }),
      { ...probe('rankd', 'kill', { members: 2, rounds: kills }), key: 'rankd kill -9' },
      { kind: 'etcd-lease', key: 'etcd kill -9', rounds: leases },
    ],
    figures: [
      { ...ratio('p50Us', 'c-limit'), what: 'socket closed, vs c-limit', must: 3, goal: 1.5 },
      {
        what: "kill -9, faster than etcd's lease of 2 s",
        must: 100,
        goal: 1000,
        better: 'more',
        of: sampleOf => numberOf(sampleOf('etcd kill -9'), 'p50Us') / numberOf(sampleOf('rankd kill -9'), 'p50Us'),
      },
    ],
  };
}

function storm({ crowd }: Scale): Row {
  const fresh = (server: ServerKind): LoadProbe => ({
    ...probe(server, 'storm', { members: crowd }),
    needsFreshServer: true,
  });
  const withSizes = {
    ...fresh('rankd'),
    key: 'rankd, updates size',
    load: { members: crowd, sizes: true },
  };
  return {
    id: 'storm',
    work: `${crowd} join at once`,
    probes: [fresh('rankd'), withSizes, fresh('nats'), fresh('node-limit')],
    figures: [
      {
        what: 'lost',
        must: 0,
        goal: 0,
        better: 'less',
        judgedBy: 'worst',
        of: sampleOf => numberOf(sampleOf('rankd'), 'lost'),
      },
      { ...ratio('serverCpuS', 'nats'), what: 'server CPU vs nats', must: 1, goal: 0.5 },
      {
        what: 'frames a member with updates size',
        must: 20,
        goal: 10,
        better: 'less',
        of: sampleOf => numberOf(sampleOf(withSizes.key), 'framesPerMember'),
      },
      { ...ratio('rssKibPerMember', 'nats'), what: 'RSS an idle member vs nats', must: 0.5, goal: 0.25 },
    ],
  };
}

function growth(scale: Scale): Row {
  const at = (members: number): LoadProbe => ({ ...fanProbe(scale, 'rankd', { members }), key: `R=${members}` });
  const [small, large] = [at(scale.answering), at(scale.many)];
  return {
    id: 'growth',
    work: 'deliveries 64 B, 512 in flight, by R',
    probes: [small, large],
    figures: [
      {
        what: `${large.key} / ${small.key}`,
        must: 0.6,
        goal: 0.85,
        better: 'more',
        of: sampleOf => deliveryRatio(sampleOf, large.key, small.key),
      },
    ],
  };
}

function roster({ crowd, promotions: rounds }: Scale): Row {
  return {
    id: 'roster',
    work: `promotions in a roster of ${crowd}, p99`,
    probes: probes(['rankd', 'rankd-unmirrored'], 'elect', { members: crowd, rounds }),
    figures: [{ ...ratio('p99Us', 'rankd-unmirrored'), what: 'with the mirror vs without', must: 1.5, goal: 1.1 }],
  };
}

function probe(server: ServerKind, mode: LoadMode, load: LoadOptions): LoadProbe {
  return { kind: 'load', key: server, server, mode, load };
}

function probes(servers: readonly ServerKind[], mode: LoadMode, load: LoadOptions): LoadProbe[] {
  return servers.map(server => probe(server, mode, load));
}

/** Returns a target: rankd's number divided by that of another server. A smaller ratio is better. */
function ratio(name: string, other: string): Pick<MetricTarget, 'what' | 'better' | 'of'> {
  return {
    what: `vs ${other}`,
    better: 'less',
    of: sampleOf => numberOf(sampleOf('rankd'), name) / numberOf(sampleOf(other), name),
  };
}
