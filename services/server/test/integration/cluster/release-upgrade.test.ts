import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { repository } from '@rankd/testkit';
import { type UnpackedRelease, unpackRelease } from '../../fixtures/releases.js';
import { checkHistory } from '../history/checks/check-history.js';
import { ClusterUnderFaults } from '../history/cluster-under-faults.js';
import { type History, sizeInWords } from '../history/history.js';
import { RecordedFleet } from '../history/recorded-fleet.js';

const SERVERS = 3;
const ENV = {
  RANKD_HEARTBEAT_MS: '300',
  RANKD_SUSPEND_MS: '1500',
  RANKD_DEAD_MS: '2500',
  RANKD_GRACE_SERVER_MS: '20000',
  RANKD_REFORM_MS: '2000',
  RANKD_DRAIN_MS: '1000',
};
const NAMES = ['ann', 'bob', 'cid', 'dan', 'eve', 'fay'];
const PACE = { orderEveryMs: 40, deadlineMs: 1000 };

let release: UnpackedRelease;
let cluster: ClusterUnderFaults;
let fleet: RecordedFleet;
let history: History;

beforeAll(async () => {
  release = await unpackRelease('bafb5bb');
  cluster = await ClusterUnderFaults.launch(SERVERS, ENV, release.folder);
  fleet = new RecordedFleet(cluster.ports, 22);
  for (const name of NAMES) await fleet.add({ names: [name], ...PACE });
  await fleet.seated();
  // Forward, then back: the commands of the members continue all the time.
  for (const folder of [repository, release.folder]) {
    for (let index = 0; index < SERVERS; index += 1) await cluster.replaceServer(index, folder);
  }
  history = await fleet.history();
}, 120_000);
afterAll(async () => {
  await fleet.dispose();
  await cluster.dispose();
  await release.dispose();
});

describe('K10 three servers rolled from the previous release to this one and back, one at a time, under load', () => {
  const changes = (): History['testimonies'][number]['changes'] => history.testimonies.flatMap(each => each.changes);

  it('break no rule', () => {
    process.stdout.write(`upgrade: ${sizeInWords(history)}\n`);
    expect(checkHistory(history)).toEqual([]);
    expect(history.recordings.filter(({ kind }) => kind === 'executed').length).toBeGreaterThan(100);
  });

  it('end no incarnation, and lose no epoch', () => {
    expect(cluster.ends).toEqual([]);
    expect(new Set(history.testimonies.map(({ epoch }) => epoch)).size).toBe(1);
  });

  it('keep every member: each joins once and has its member id until it leaves', () => {
    const welcomes = history.recordings.flatMap(each =>
      each.kind === 'heard' && each.frame.type === 'welcome' ? [[each.who, each.frame['member']]] : [],
    );
    expect(new Set(welcomes.map(String)).size).toBe(NAMES.length);
    expect(welcomes.length).toBeGreaterThan(NAMES.length);
    const left = changes().filter(({ cause }) => cause.kind === 'left');
    expect(left.filter(({ cause }) => cause.reason !== 'LEFT')).toEqual([]);
  });
});
