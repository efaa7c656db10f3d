import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, ProcessServer } from '@rankd/testkit';
import { ClusterFixture } from '../cluster/cluster-fixture.js';
import { unknownCount } from './checks/check-commands.js';
import { checkHistory } from './checks/check-history.js';
import type { History } from './history.js';
import { RecordedFleet } from './recorded-fleet.js';
import { seededViolations } from './seeded-violations.js';

const MEMBERS = ['ann', 'bob', 'cid', 'dan', 'eve'];
const PACE = { orderEveryMs: 25, deadlineMs: 10_000 };
const DELIVERIES = 600;

/** The servers that keep one order. */
interface Coordinator {
  readonly servers: readonly ProcessServer[];
  dispose(): Promise<void>;
}

async function oneServer(): Promise<Coordinator> {
  const server = await ProcessServer.launch();
  return { servers: [server], dispose: async () => await server.dispose() };
}

/** The default times, because the machine may be busy. */
const UNHURRIED = { RANKD_HEARTBEAT_MS: '1500', RANKD_SUSPEND_MS: '4500', RANKD_DEAD_MS: '6000' };

const kinds = [
  { at: 'one server', launch: oneServer },
  {
    at: 'three servers of a cluster',
    launch: async (): Promise<Coordinator> => await ClusterFixture.launch(3, UNHURRIED),
  },
];

describe.each(kinds)('the history of a fleet at $at without faults', ({ launch }) => {
  let coordinator: Coordinator;
  let fleet: RecordedFleet;
  let history: History;

  async function deliveries(count: number): Promise<void> {
    await eventually(20_000, `${count} deliveries`, async () => {
      const each = coordinator.servers.map(async server => await server.metric('rankd_deliveries_total'));
      return (await Promise.all(each)).reduce((sum, value) => sum + value, 0) > count ? true : undefined;
    });
  }

  beforeAll(async () => {
    coordinator = await launch();
    fleet = new RecordedFleet(
      coordinator.servers.map(({ port }) => port),
      1,
    );
    const first = await fleet.add({ names: ['first'], ...PACE });
    await fleet.seated();
    for (const name of MEMBERS) await fleet.add({ names: [name], ...PACE });
    await fleet.seated();
    await deliveries(DELIVERIES / 2);
    // Retires the leader. No member is above it, so no outcome counts it as left.
    await fleet.retire(first);
    await deliveries(DELIVERIES);
    history = await fleet.history();
  }, 60_000);
  afterAll(async () => {
    await fleet.dispose();
    await coordinator.dispose();
  });

  it('breaks no rule, and has no unknown result', () => {
    const executed = history.recordings.filter(({ kind }) => kind === 'executed');
    expect(executed.length).toBeGreaterThan(DELIVERIES / 2);
    expect(history.testimonies).toHaveLength(1);
    expect(checkHistory(history)).toEqual([]);
    expect(unknownCount(history)).toBe(0);
  });

  // A checker without complaints is only convincing if it finds planted faults.
  it.each(seededViolations)('with $what planted in it is reported as $found', ({ plant, found }) => {
    const complaints = checkHistory(plant(history));
    expect(complaints.length).toBeGreaterThan(0);
    expect(complaints.join('\n')).toContain(found);
  });
});
