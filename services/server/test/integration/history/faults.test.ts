import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { launchServer } from '@rankd/testkit';
import { unknownCount } from './check-commands.js';
import { checkHistory } from './check-history.js';
import { inflict, randomOf, scheduleOf, type Stage } from './faults.js';
import type { History } from './history.js';
import { RecordedFleet, type Recorder } from './recorded-fleet.js';

const repository = resolve(__dirname, '../../../../..');
const SEED = Number(process.env['RANKD_TEST_SEED'] ?? Date.now() % 1_000_000);
const DEAD_MS = 800;
const ENV = {
  RANKD_HEARTBEAT_MS: '100',
  RANKD_SUSPEND_MS: '500',
  RANKD_DEAD_MS: String(DEAD_MS),
  RANKD_HELLO_TIMEOUT_MS: '2000',
};
const PACE = { orderEveryMs: 60, deadlineMs: 700 };
const CROWD = Array.from({ length: 12 }, (_, index) => `crowd-${index}`);
const ROUNDS = 2;

let stage: Stage;
let history: History;
let replaced = 0;

async function addCrowd(): Promise<Recorder> {
  replaced += 1;
  return stage.fleet.add({ names: CROWD.map(name => `${name}.${replaced}`), orderEveryMs: 400, deadlineMs: 700 });
}

/** Somebody else comes in the place of a process that is killed. */
async function replace(recorder: Recorder): Promise<void> {
  await stage.fleet.kill(recorder);
  if (recorder.names.length > 1) {
    await addCrowd();
    return;
  }
  replaced += 1;
  await stage.fleet.add({ names: [`${recorder.names[0] ?? ''}'`], ...PACE });
}

/** Who leads now, where that is one of those who are well; else any of them. */
async function victimAmong(healthy: readonly Recorder[], random: () => number): Promise<Recorder> {
  const table = await fetch(`http://127.0.0.1:${stage.server.httpPort}/ranks?group=recorded`).then(
    async answer => answer.text(),
    () => '',
  );
  const leader = /^0 +(\S+)/m.exec(table)?.[1] ?? '';
  const leaders = healthy.filter(({ names }) => names.includes(leader));
  const victim = leaders[0] ?? healthy[Math.floor(random() * healthy.length)];
  if (victim === undefined) throw new Error('nobody is left to suffer');
  return victim;
}

/** Faults overlap: each begins when the one before is half done. */
async function inflictAll(random: () => number): Promise<void> {
  const { fleet } = stage;
  const under: Promise<void>[] = [];
  const suffering = new Set<Recorder>();
  for (const fault of scheduleOf(random, ROUNDS)) {
    const healthy = fleet.recorders.filter(each => !suffering.has(each));
    const victim = await victimAmong(healthy, random);
    suffering.add(victim);
    const dice = random();
    process.stdout.write(`history: ${fault} ${victim.names[0] ?? ''} ${dice.toFixed(3)}\n`);
    const ended = inflict(fault, victim, stage, dice).finally(() => suffering.delete(victim));
    under.push(ended);
    await (fault.endsWith('server') ? ended : new Promise(done => setTimeout(done, DEAD_MS / 2)));
  }
  await Promise.all(under);
}

beforeAll(async () => {
  process.stdout.write(`history: RANKD_TEST_SEED=${SEED}\n`);
  const server = await launchServer(repository, ENV);
  stage = { fleet: new RecordedFleet(server.port, SEED), env: ENV, deadMs: DEAD_MS, replace, server };
  for (const name of ['ann', 'bob', 'cid', 'dan', 'eve']) await stage.fleet.add({ names: [name], ...PACE });
  await addCrowd();
  await stage.fleet.seated();
  const random = randomOf(SEED);
  await inflictAll(random);
  // Everybody of it at once.
  for (const crowd of stage.fleet.recorders.filter(({ names }) => names.length > 1)) await replace(crowd);
  await stage.fleet.seated();
  history = await stage.fleet.history();
}, 90_000);
afterAll(async () => {
  await stage.fleet.dispose();
  await stage.server.program.dispose();
});

describe('the history of a fleet under kills, stops, cuts, slow links, churn and restarts', () => {
  it('keeps every rule: one order, in real time, executed at most once, everything accounted for, one leader', () => {
    const count = (kind: string): number => history.recordings.filter(each => each.kind === kind).length;
    process.stdout.write(
      `history: ${history.testimonies.length} epochs, ${count('heard')} frames heard, ${count('sent')} commands, ` +
        `${count('executed')} executions, ${unknownCount(history)} unknown, ${count('acted')} acts\n`,
    );
    // Enough has happened for a rule to be broken.
    expect(history.testimonies.length).toBeGreaterThan(ROUNDS);
    expect(count('executed')).toBeGreaterThan(100);
    expect(unknownCount(history)).toBeGreaterThan(0);
    expect(checkHistory(history)).toEqual([]);
  });
});
