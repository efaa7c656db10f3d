import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@rankd/testkit';
import { ServerUnderTest } from '../gateway/server-under-test.js';
import { unknownCount } from './check-commands.js';
import { checkHistory } from './check-history.js';
import type { History } from './history.js';
import { plantings } from './plantings.js';
import { RecordedFleet } from './recorded-fleet.js';

const MEMBERS = ['ann', 'bob', 'cid', 'dan', 'eve'];
const PACE = { orderEveryMs: 25, deadlineMs: 10_000 };
const DELIVERIES = 600;

let server: ServerUnderTest;
let fleet: RecordedFleet;
let history: History;

async function deliveries(count: number): Promise<void> {
  await eventually(20_000, `${count} deliveries`, async () => {
    return (await server.metric('rankd_deliveries_total')) > count ? true : undefined;
  });
}

beforeAll(async () => {
  server = await ServerUnderTest.launch();
  fleet = new RecordedFleet(server.port, 1);
  const first = await fleet.add({ names: ['first'], ...PACE });
  await fleet.seated();
  for (const name of MEMBERS) await fleet.add({ names: [name], ...PACE });
  await fleet.seated();
  await deliveries(DELIVERIES / 2);
  // Nobody is above it, so nobody's sheet has it as one who left.
  await fleet.retire(first);
  await deliveries(DELIVERIES);
  history = await fleet.history();
}, 60_000);
afterAll(async () => {
  await fleet.dispose();
  await server.dispose();
});

describe('the history of a fleet that nothing happened to', () => {
  it('keeps every rule, and nothing of it is unknown', () => {
    const executed = history.recordings.filter(({ kind }) => kind === 'executed');
    expect(executed.length).toBeGreaterThan(DELIVERIES / 2);
    expect(history.testimonies).toHaveLength(1);
    expect(checkHistory(history)).toEqual([]);
    expect(unknownCount(history)).toBe(0);
  });

  // A checker that finds nothing says nothing, unless it finds what was planted.
  it.each(plantings)('with $what planted in it is found out as $found', ({ plant, found }) => {
    const complaints = checkHistory(plant(history));
    expect(complaints.length).toBeGreaterThan(0);
    expect(complaints.join('\n')).toContain(found);
  });
});
