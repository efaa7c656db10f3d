import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { settleAll } from '@rankd/testkit';
import { unknownCount } from './checks/check-commands.js';
import { checkHistory } from './checks/check-history.js';
import { ClusterUnderFaults } from './cluster-under-faults.js';
import { lasting, randomOf, shuffledFaults } from './faults.js';
import { sizeInWords, type History } from './history.js';
import { Nemesis } from './nemesis.js';
import { clusterViolations } from './seeded-violations.js';
import { RecordedFleet } from './recorded-fleet.js';

const SEED = Number(process.env['RANKD_TEST_SEED'] ?? Date.now() % 1_000_000);
const DEAD_MS = 800;
const ENV = {
  RANKD_HEARTBEAT_MS: '100',
  RANKD_SUSPEND_MS: '500',
  RANKD_DEAD_MS: String(DEAD_MS),
  RANKD_HELLO_TIMEOUT_MS: '2000',
  RANKD_GRACE_SERVER_MS: '3000',
  RANKD_REFORM_MS: '3000',
};

let cluster: ClusterUnderFaults;
let fleet: RecordedFleet;
let history: History;

/**
 * Faults of servers and of Redis at the same time as faults of members. Two servers are silent so long that their
 * incarnations end.
 */
async function harmServers(): Promise<void> {
  const stopped = cluster.stopServer(0, 7000);
  await lasting(500);
  await cluster.killServer(1);
  await cluster.pauseRedis(1200);
  await stopped;
  const cutOff = cluster.cutOff(2, 5500);
  await lasting(1000);
  await cluster.killServer(0);
  await cutOff;
  await cluster.killRedis();
}

beforeAll(async () => {
  process.stdout.write(`history: RANKD_TEST_SEED=${SEED}\n`);
  cluster = await ClusterUnderFaults.launch(3, ENV);
  fleet = new RecordedFleet(cluster.ports, SEED);
  const random = randomOf(SEED);
  const nemesis = new Nemesis({ fleet, random, deadMs: DEAD_MS, httpPorts: () => cluster.httpPorts });
  await nemesis.bringFleet();
  const faults = [...shuffledFaults(random), ...shuffledFaults(random), ...shuffledFaults(random)];
  await settleAll(harmServers(), nemesis.inflictAll(faults));
  await cluster.ready();
  await nemesis.inflictAll(['kill', 'reset']);
  await settleAll(cluster.loseSuffix(1000), nemesis.inflictAll(['kill', 'reset']));
  await nemesis.replaceCrowd();
  await cluster.ready();
  // The members of this server resume at the others, whatever the faults before were.
  await cluster.killServer(2);
  await fleet.observed('resumed', 2);
  await cluster.ready();
  history = await fleet.history();
}, 120_000);
afterAll(async () => {
  await fleet.dispose();
  await cluster.dispose();
});

describe('the history of a fleet at three servers of a cluster under kills, stops, cuts and churn, of servers and Redis too', () => {
  it('breaks no rule: one order in real time, executed at most once, every command accounted for, one leader', () => {
    process.stdout.write(
      `history: ${sizeInWords(history)}, ${unknownCount(history)} unknown; ${cluster.ends.join(', ')}\n`,
    );
    // Checks that enough has happened for a rule to be broken.
    expect(cluster.ends).toEqual(expect.arrayContaining(['unheard', 'rewritten']));
    const reasons = history.testimonies.flatMap(({ changes }) => changes.map(({ cause }) => cause.reason));
    expect(reasons).toContain('RESTARTED');
    expect(history.testimonies.length).toBeGreaterThan(1);
    expect(history.recordings.filter(({ kind }) => kind === 'executed').length).toBeGreaterThan(100);
    expect(unknownCount(history)).toBeGreaterThan(0);
    expect(checkHistory(history)).toEqual([]);
  });

  it.each(clusterViolations)('with $what planted in it is reported as $found', ({ plant, found }) => {
    const complaints = checkHistory(plant(history));
    expect(complaints.length).toBeGreaterThan(0);
    expect(complaints.join('\n')).toContain(found);
  });
});
