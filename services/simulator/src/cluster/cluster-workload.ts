/** The random events of a simulated cluster. */

import { closeByProxy, pickCommand, onRandomClient, replaceLeaderBehindProxy, resignLeader } from '../workload.js';
import type { SimulatedServer } from './simulated-server.js';
import type { ClusterWorld } from './cluster-world.js';

/** One possible event of a step. */
type Step = (world: ClusterWorld) => void;

const onRandomServer =
  (step: (server: SimulatedServer, world: ClusterWorld, index: number) => void): Step =>
  world => {
    const index = world.random.below(world.servers.length);
    const server = world.servers[index];
    if (server !== undefined) step(server, world, index);
  };

const behindProxies =
  (step: Step): Step =>
  world => {
    if (world.hasProxies) step(world);
  };

const refusals = [
  "OOM command not allowed when used memory > 'maxmemory'.",
  'NOREPLICAS Not enough good replicas to write.',
  'MISCONF Redis is configured to save RDB snapshots, but it is currently unable to persist to disk.',
];

/** The possible events and their relative frequencies. */
const weightedSteps: readonly (readonly [weight: number, name: string, step: Step])[] = [
  [24, 'command', sendMemberCommand],
  [14, 'spawn', world => world.spawnClient()],
  [8, 'nothing', () => undefined],
  [2, 'client stops', onRandomClient(client => client.stop())],
  [6, 'client continues', onRandomClient(client => client.continue())],
  [2, 'client leaves', onRandomClient(client => client.leave())],
  [
    2,
    'client crashes',
    onRandomClient((client, random) => client.crash(random.pick(['fin', 'rst', 'lost'] as const) ?? 'fin')),
  ],
  [2, 'client drops', onRandomClient(client => client.dropConnection())],
  [
    2,
    'client is cut',
    onRandomClient((client, random) => client.network.cut(random.pick(['up', 'down'] as const) ?? 'up')),
  ],
  [2, 'a proxy closes one end', behindProxies(closeByProxy)],
  [2, 'a leader behind a proxy is replaced', behindProxies(replaceLeaderBehindProxy)],
  [3, 'the leader resigns', resignLeader],
  [1, 'client resigns', onRandomClient(client => client.resign())],
  [6, 'client is reconnected', onRandomClient(client => client.network.repair())],
  [4, 'administer', administer],
  [1.5, 'server stops', onRandomServer(server => server.stop())],
  [6, 'server continues', onRandomServer(server => server.continue())],
  [1, 'server is killed', onRandomServer(server => server.kill())],
  [0.7, 'server is stopped with SIGTERM', onRandomServer(server => void server.drain())],
  [4, 'server is replaced', onRandomServer((_, world, index) => world.replaceServer(index))],
  [2, 'server is cut from Redis', onRandomServer(server => server.link.cut())],
  [1, 'answers are late', onRandomServer(server => server.link.holdAnswers('late'))],
  [1, 'connections break', onRandomServer(server => server.link.breakConnections())],
  [1, 'Redis refuses', onRandomServer((server, { random }) => server.link.refuseScripts(random.pick(refusals) ?? ''))],
  [9, 'server is reconnected', onRandomServer(server => server.link.repair())],
  [2, 'an answer is lost', onRandomServer(server => server.link.setAppendFate('answer-lost'))],
  [2, 'an answer is late', onRandomServer(server => server.link.setAppendFate('answer-late'))],
  [2, 'an append is sent twice', onRandomServer(server => server.link.setAppendFate('said-twice'))],
  [0.5, 'all are cut from Redis', ({ servers }) => servers.forEach(({ link }) => link.cut())],
  [3, 'the replica lags', ({ redis }) => redis.primary.holdReplication()],
  [3, 'the replica catches up', ({ redis }) => redis.primary.releaseReplication()],
  [1.5, 'the replica takes over', ({ redis, random }) => redis.failOver(random.between(100, 4000))],
  [
    1,
    'Redis restarts',
    ({ redis, random }) => redis.restart(random.between(100, 2000), random.pick([0, 1, 3, 10]) ?? 0),
  ],
  [0.7, 'the stream is trimmed', ({ redis }) => redis.trimToSnapshot()],
];

const weightSum = weightedSteps.reduce((sum, [weight]) => sum + weight, 0);

/** Runs one step: one random event, and a random time. */
export async function runClusterStep(world: ClusterWorld, taken: number): Promise<void> {
  const { random, clock } = world;
  let left = random.fraction() * weightSum;
  for (const [weight, name, step] of weightedSteps) {
    left -= weight;
    if (left >= 0) continue;
    world.writeTrace?.(clock.nowMs, `step ${taken}: ${name}`);
    step(world);
    break;
  }
  world.rollServer(taken);
  world.disturbClocks();
  await world.passTime(random.chance(0.04) ? random.between(1000, 8000) : random.below(150));
}

/** Sends a command from a random client, with arguments that identify it. */
function sendMemberCommand(world: ClusterWorld): void {
  const client = world.random.pick(world.clients);
  client?.sendCommand({ ...pickCommand(world.random), args: world.nextCommandArgs() });
}

function administer(world: ClusterWorld): void {
  const { administrator, clients, random } = world;
  const member = random.pick(clients)?.seat?.welcome.member ?? 'm0';
  switch (random.below(3)) {
    case 0:
      return administrator.moveMember(member, random.below(clients.length + 1));
    case 1:
      return administrator.removeMember(member);
    default:
      return administrator.sendCommand({ ...pickCommand(random), args: world.nextCommandArgs() });
  }
}
