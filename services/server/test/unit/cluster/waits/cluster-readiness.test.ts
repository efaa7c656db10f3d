import { expect, it } from '@jest/globals';
import { type ClusterFacts, describeReadiness } from '../../../../src/cluster/waits/cluster-readiness.js';

const nothing: ClusterFacts = {
  state: 'entering',
  isReady: false,
  blocked: undefined,
  server: undefined,
  log: undefined,
  joining: undefined,
  fault: undefined,
};

type Log = NonNullable<ClusterFacts['log']>;

const logOf = (own: Partial<Log>): Log => ({
  servers: [],
  epoch: 1,
  shardsFollowed: 1,
  lagRecords: 0,
  sinceLastAckMs: 0,
  waitsFor: undefined,
  ...own,
});

it.each([
  ['waits for Redis', {}, 'entering', 'this server joins the cluster: it waits for Redis'],
  [
    'reads a shard after a failed attempt',
    { joining: logOf({ waitsFor: 'shard 3: it opens the stream' }), fault: 'READONLY' },
    'entering',
    'this server joins the cluster: shard 3: it opens the stream; the last attempt failed: READONLY',
  ],
  [
    'has read back no entry of its own',
    { state: 'running', log: logOf({ sinceLastAckMs: 2600.4 }) },
    'doubtful',
    'this server has read back no entry of its own for 2600 ms: its members are suspended',
  ],
  [
    'cannot apply an entry',
    { blocked: { kind: 'blocked', shard: 1, record: '2-7', entry: 0, reason: 'unknown kind' } },
    'blocked',
    'this server cannot apply entry 0 of record 2-7 of shard 1: unknown kind',
  ],
  ['is current', { state: 'running', isReady: true, log: logOf({}) }, 'current', undefined],
  ['has left', { state: 'left' }, 'left', undefined],
] as const)('a server that %s has that reason in /readyz', (_, facts, state, reason) => {
  const readiness = describeReadiness({ ...nothing, ...facts });
  expect([readiness.state, readiness.reason]).toEqual([state, reason]);
});
