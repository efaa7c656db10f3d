import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type LaunchedServer, launchServer, repository, settleAll } from '@rankd/testkit';
import { unknownCount } from './checks/check-commands.js';
import { checkHistory } from './checks/check-history.js';
import { lasting, randomOf, shuffledFaults } from './faults.js';
import { type History, sizeInWords } from './history.js';
import { Nemesis } from './nemesis.js';
import { RecordedFleet } from './recorded-fleet.js';

const SEED = Number(process.env['RANKD_TEST_SEED'] ?? Date.now() % 1_000_000);
const DEAD_MS = 800;
const ENV = {
  RANKD_HEARTBEAT_MS: '100',
  RANKD_SUSPEND_MS: '500',
  RANKD_DEAD_MS: String(DEAD_MS),
  RANKD_HELLO_TIMEOUT_MS: '2000',
};
const ROUNDS = 2;

let server: LaunchedServer;
let fleet: RecordedFleet;
let history: History;

async function stall(): Promise<void> {
  server.childProcess.kill('SIGSTOP');
  await lasting(DEAD_MS * 1.3);
  server.childProcess.kill('SIGCONT');
}

async function restart(): Promise<void> {
  server.childProcess.kill('SIGKILL');
  await server.childProcess.exited;
  server = await launchServer(repository, { ...ENV, RANKD_PORT: String(server.port) });
}

/** Every kind of fault, and in the middle a stall of the server, which is then killed. */
async function round(nemesis: Nemesis, random: () => number): Promise<void> {
  const faults = shuffledFaults(random);
  const first = faults.splice(0, Math.floor(random() * (faults.length + 1)));
  const under = nemesis.inflictAll(first);
  await lasting((first.length * DEAD_MS) / 2);
  await stall();
  await settleAll(under, nemesis.inflictAll(faults).then(restart));
}

beforeAll(async () => {
  process.stdout.write(`history: RANKD_TEST_SEED=${SEED}\n`);
  server = await launchServer(repository, ENV);
  fleet = new RecordedFleet([server.port], SEED);
  const random = randomOf(SEED);
  const nemesis = new Nemesis({ fleet, random, deadMs: DEAD_MS, httpPorts: () => [server.httpPort] });
  await nemesis.bringFleet();
  for (let count = 0; count < ROUNDS; count += 1) await round(nemesis, random);
  await nemesis.replaceCrowd();
  history = await fleet.history();
}, 90_000);
afterAll(async () => {
  await fleet.dispose();
  await server.childProcess.dispose();
});

describe('the history of a fleet under kills, stops, cuts, slow links, churn and restarts', () => {
  it('breaks no rule: one order in real time, executed at most once, every command accounted for, one leader', () => {
    process.stdout.write(`history: ${sizeInWords(history)}, ${unknownCount(history)} unknown\n`);
    // Checks that enough has happened for a rule to be broken.
    expect(history.testimonies.length).toBeGreaterThan(ROUNDS);
    expect(history.recordings.filter(({ kind }) => kind === 'executed').length).toBeGreaterThan(100);
    expect(unknownCount(history)).toBeGreaterThan(0);
    expect(checkHistory(history)).toEqual([]);
  });
});
