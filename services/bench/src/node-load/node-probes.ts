/** Measurements of one server from Node. */

import { setTimeout as sleep } from 'node:timers/promises';
import { BenchError } from '../servers/child.js';
import { rankdDialect } from './wire-dialects.js';
import { NodeFan } from './node-fan.js';
import { NodeMember, type Frame } from './node-member.js';
import type { LoadOptions, Sample } from './probe.js';
import { quantile } from '../rows/statistics.js';
import type { Target } from '../target/target.js';

const answerMs = 5000;

/** Measures a storm: how long it takes until all members, which connect at once, have a rank. */
export async function measureStorm(target: Target, { members }: LoadOptions): Promise<Sample> {
  const fromMs = performance.now();
  const crowd = await joinAll(target, members);
  const allReadyS = (performance.now() - fromMs) / 1000;
  const ranks = new Set(crowd.map(({ welcome }) => welcome['rank']));
  await endAll(target, crowd);
  return { allReadyS, joinsPerSecond: members / allReadyS, lost: members - ranks.size };
}

/** Measures a trip: how long it takes until a command to all subordinates has all results. One command is open at a time. */
export async function measureTrip(target: Target, { members, rounds = 100 }: LoadOptions): Promise<Sample> {
  const sender = await NodeMember.join(target);
  const crowd = await joinAll(target, members);
  for (const member of crowd) {
    member.onFrame = ({ type, seq }) => {
      if (type === 'command') member.send({ type: 'result', seq, status: 'done' });
    };
  }
  const times: number[] = [];
  // A tenth of the rounds runs first and is not measured, to warm the server up.
  for (let round = -Math.ceil(rounds / 10); round < rounds; round += 1) {
    const fromMs = performance.now();
    const over = sender.until(({ type }) => type === 'outcome' || type === 'error', answerMs, 'outcome');
    sender.send({ type: 'command', id: String(round), name: 'x', args: 'x'.repeat(64) });
    const { done } = await over;
    if (done !== members) throw new BenchError(`${String(done)} of ${members} members executed a command`);
    if (round >= 0) times.push((performance.now() - fromMs) * 1000);
  }
  await endAll(target, [sender, ...crowd]);
  return timesOf(times);
}

/** Measures how long it takes after the leader's connection has closed until the next member reads that it leads. */
export async function measureElections(target: Target, { rounds = 100 }: LoadOptions): Promise<Sample> {
  let [leader, heir] = [await NodeMember.join(target), await NodeMember.join(target)];
  const times: number[] = [];
  for (let round = -Math.ceil(rounds / 10); round < rounds; round += 1) {
    const told = heir.until(leads, answerMs, 'promotion');
    const fromMs = performance.now();
    leader.end();
    await told;
    if (round >= 0) times.push((performance.now() - fromMs) * 1000);
    [leader, heir] = [heir, await NodeMember.join(target)];
  }
  await endAll(target, [leader, heir]);
  return timesOf(times);
}

const silenceMsMax = 30_000;

/**
 * Measures how long it takes until the next member reads that it leads after the leader falls silent, as when its host fails. The time
 * starts at the leader's last pong.
 */
export async function measureSilence(target: Target): Promise<Sample> {
  const leader = await NodeMember.join(target, true);
  const { deadMs, heartbeatMs } = leader.welcome as { readonly deadMs: number; readonly heartbeatMs: number };
  if (deadMs > silenceMsMax) {
    leader.end();
    throw new BenchError(`RANKD_DEAD_MS of the server is ${deadMs}, longer than the measurement waits`);
  }
  const heir = await NodeMember.join(target);
  const told = heir.until(leads, 2 * deadMs + 2 * heartbeatMs + answerMs, 'promotion');
  const lateMs = performance.now() + 2 * heartbeatMs + answerMs;
  while (leader.pongAtMs === undefined && performance.now() < lateMs) await sleep(heartbeatMs / 20);
  leader.fallSilent();
  await told;
  const silentMs = performance.now() - (leader.pongAtMs ?? Number.NaN);
  await endAll(target, [leader, heir]);
  return { silentMs, deadMs };
}

/**
 * Measures a fan-out: the deliveries a second from one sender to all receivers.
 * @throws BenchError if deliveries are lost
 */
export async function measureFan(target: Target, load: LoadOptions): Promise<Sample> {
  const { members, payloadBytes = 64, inFlight = 64, warmS = 0.5, measureS = 1.5 } = load;
  const speech = rankdDialect({ heartbeat: false, ...target.hello });
  const fan = await NodeFan.join({ speech, dial: target.dial, members, payloadBytes, inFlight });
  fan.start();
  await fan.runFor(warmS * 1000);
  const [fromMs, before] = [performance.now(), fan.deliveries];
  await fan.runFor(measureS * 1000);
  const seconds = (performance.now() - fromMs) / 1000;
  const deliveries = fan.deliveries - before;
  const lost = await fan.finish();
  fan.end();
  await untilEmpty(target);
  if (lost > 0) throw new BenchError(`${lost} deliveries were lost`);
  return { deliveriesPerSecond: deliveries / seconds, commandsPerSecond: deliveries / seconds / members, lost };
}

const leads = ({ type, rank }: Frame): boolean => type === 'view' && rank === 0;

async function joinAll(target: Target, count: number): Promise<NodeMember[]> {
  return await Promise.all(Array.from({ length: count }, () => NodeMember.join(target)));
}

/** Ends all members, so that the next measurement starts with an empty group. */
async function endAll(target: Target, members: readonly NodeMember[]): Promise<void> {
  for (const member of members) member.end();
  await untilEmpty(target);
}

const emptyMs = 10_000;

async function untilEmpty(target: Target): Promise<void> {
  const lateMs = performance.now() + emptyMs;
  while (performance.now() < lateMs) {
    const last = await NodeMember.join(target);
    last.end();
    if (last.welcome['rank'] === 0) return;
    await sleep(20);
  }
  throw new BenchError('members that have left are still in the group');
}

function timesOf(timesUs: readonly number[]): Sample {
  const [p50Us, p90Us, p99Us] = [0.5, 0.9, 0.99].map(share => quantile(timesUs, share));
  return { rounds: timesUs.length, p50Us: p50Us ?? NaN, p90Us: p90Us ?? NaN, p99Us: p99Us ?? NaN };
}
