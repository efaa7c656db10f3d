/** The rows of fan-outs. */

import { numberOf, type MetricTarget, type SampleOf } from './metric-target.js';
import type { LoadOptions, LoadProbe, ServerKind } from '../node-load/probe.js';
import type { Row } from './row.js';
import type { Scale } from './scale.js';

type Against = readonly [server: ServerKind, must: number, goal: number];

/** Returns the ratio of two measurements: deliveries for each second of the server's CPU time. */
export function deliveryRatio(sampleOf: SampleOf, probe: string, other: string): number {
  const rate = (key: string): number => numberOf(sampleOf(key), 'deliveriesPerCoreSecond');
  return rate(probe) / rate(other);
}

/** Returns the rows in which one sender sends commands to all members. No member answers. */
export function fanRows(scale: Scale): Row[] {
  const { members, many, few } = scale;
  const fan = (servers: readonly ServerKind[], load: LoadOptions): LoadProbe[] =>
    servers.map(server => fanProbe(scale, server, load));
  return [
    {
      id: 'fan',
      work: `fan-out 64 B, R=${members}, 512 in flight`,
      // Mosquitto delivers one message after another: more open commands do not make it faster.
      probes: [
        ...fan(['rankd', 'nats', 'redis'], { members }),
        fanProbe(scale, 'mosquitto', { members, inFlight: 32 }),
      ],
      figures: [
        ...against([
          ['nats', 4, 8],
          ['redis', 3, 5],
        ]),
      ],
    },
    {
      id: 'fan-limit',
      work: `the same; the kernel discards the bytes of the receivers`,
      probes: fan(['rankd', 'c-limit'], { members, discards: true }),
      figures: against([['c-limit', 0.4, 0.7]]),
    },
    {
      id: 'fan-many',
      work: `fan-out 64 B, R=${many}, 512 in flight`,
      probes: fan(['rankd', 'nats', 'redis', 'node-limit'], { members: many }),
      figures: against([
        ['nats', 5, 10],
        ['redis', 3, 6],
      ]),
    },
    {
      id: 'fan-few',
      work: `fan-out 64 B, R=${few}, 512 in flight`,
      probes: fan(['rankd', 'nats', 'redis', 'node-limit'], { members: few }),
      figures: against([
        ['nats', 0.8, 1.2],
        ['redis', 0.7, 1],
      ]),
    },
    {
      id: 'fan-large',
      work: `fan-out 1 KiB, R=${members}, 64 in flight`,
      probes: fan(['rankd', 'nats', 'redis', 'node-limit'], { members, payloadBytes: 1024, inFlight: 64 }),
      figures: against([['nats', 2.5, 3.5]]),
    },
    {
      id: 'fan-64',
      work: `fan-out 64 B, R=${members}, 64 in flight`,
      probes: fan(['rankd', 'nats', 'redis'], { members, inFlight: 64 }),
      figures: against([
        ['nats', 2, 3],
        ['redis', 1.2, 1.7],
      ]),
    },
    oneInFlight(scale),
  ];
}

function oneInFlight(scale: Scale): Row {
  const sizes = [...new Set([100, scale.members, scale.many])];
  const servers = ['rankd', 'nats', 'c-limit'] as const;
  const keyOf = (server: string, members: number): string => `${server} R=${members}`;
  const ratio = (members: number, [server, must, goal]: Against): MetricTarget => ({
    what: `R=${members} vs ${server}`,
    must,
    goal,
    better: 'more',
    of: sampleOf => deliveryRatio(sampleOf, keyOf('rankd', members), keyOf(server, members)),
  });
  return {
    id: 'fan-one',
    work: 'fan-out 64 B, one in flight',
    probes: sizes.flatMap(members =>
      servers.map(server => ({ ...fanProbe(scale, server, { members, inFlight: 1 }), key: keyOf(server, members) })),
    ),
    figures: sizes.flatMap(members => [ratio(members, ['nats', 1, 1.2]), ratio(members, ['c-limit', 0.55, 0.7])]),
  };
}

/** Returns the measurement of a fan-out. */
export function fanProbe(scale: Scale, server: ServerKind, load: LoadOptions): LoadProbe {
  const { warmS, measureS } = scale;
  return { kind: 'load', key: server, server, mode: 'fan', load: { warmS, measureS, ...load } };
}

function against(peers: readonly Against[]): MetricTarget[] {
  return peers.map(([server, must, goal]) => ({
    what: `vs ${server}`,
    must,
    goal,
    better: 'more',
    of: sampleOf => deliveryRatio(sampleOf, 'rankd', server),
  }));
}
