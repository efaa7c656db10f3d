import { commandOf, ofClient } from '../workload.js';
import type { SimulatedServer } from './simulated-server.js';
import type { ClusterWorld } from './cluster-world.js';

/** Something that happens in a world at a step of it. */
type Step = (world: ClusterWorld) => void;

const ofServer =
  (step: (server: SimulatedServer, world: ClusterWorld, index: number) => void): Step =>
  world => {
    const index = world.random.below(world.servers.length);
    const server = world.servers[index];
    if (server !== undefined) step(server, world, index);
  };

const refusals = [
  "OOM command not allowed when used memory > 'maxmemory'.",
  'NOREPLICAS Not enough good replicas to write.',
  'MISCONF Redis is configured to save RDB snapshots, but it is currently unable to persist to disk.',
];

/** What may happen, and how often beside the others. */
const weightedSteps: readonly (readonly [weight: number, name: string, step: Step])[] = [
  [24, 'command', ofMember],
  [14, 'spawn', world => world.spawn()],
  [8, 'nothing', () => undefined],
  [2, 'client stops', ofClient(client => client.stop())],
  [6, 'client continues', ofClient(client => client.continue())],
  [2, 'client leaves', ofClient(client => client.leave())],
  [
    2,
    'client crashes',
    ofClient((client, random) => client.crash(random.pick(['fin', 'rst', 'lost'] as const) ?? 'fin')),
  ],
  [2, 'client drops', ofClient(client => client.drop())],
  [2, 'client is cut', ofClient((client, random) => client.reach.cut(random.pick(['up', 'down'] as const) ?? 'up'))],
  [6, 'client is mended', ofClient(client => client.reach.mend())],
  [4, 'administer', administer],
  [1.5, 'server stops', ofServer(server => server.stop())],
  [6, 'server continues', ofServer(server => server.continue())],
  [1, 'server is killed', ofServer(server => server.kill())],
  [0.7, 'server is told to go', ofServer(server => void server.drain())],
  [4, 'server is replaced', ofServer((_, world, index) => world.replaceServer(index))],
  [2, 'server is cut from Redis', ofServer(server => server.link.cut())],
  [1, 'answers are late', ofServer(server => server.link.delay('late'))],
  [1, 'connections break', ofServer(server => server.link.reset())],
  [1, 'Redis refuses', ofServer((server, { random }) => server.link.refuse(random.pick(refusals) ?? ''))],
  [9, 'server is mended', ofServer(server => server.link.mend())],
  [2, 'an answer is lost', ofServer(server => server.link.meet('answer-lost'))],
  [2, 'an answer is late', ofServer(server => server.link.meet('answer-late'))],
  [2, 'an append is said twice', ofServer(server => server.link.meet('said-twice'))],
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

/** One step: something happens, and time passes. */
export async function clusterStep(world: ClusterWorld, taken: number): Promise<void> {
  const { random, clock } = world;
  let left = random.fraction() * weightSum;
  for (const [weight, name, step] of weightedSteps) {
    left -= weight;
    if (left >= 0) continue;
    world.writeTrace?.(clock.nowMs, `step ${taken}: ${name}`);
    step(world);
    break;
  }
  await world.pass(random.chance(0.04) ? random.between(1000, 8000) : random.below(150));
}

/** Every command is one of its own, wherever it turns up again. */
function ofMember(world: ClusterWorld): void {
  const client = world.random.pick(world.clients);
  client?.command({ ...commandOf(world.random), args: world.nextWork() });
}

function administer(world: ClusterWorld): void {
  const { administrator, clients, random } = world;
  const member = random.pick(clients)?.seat?.welcome.member ?? 'm0';
  switch (random.below(3)) {
    case 0:
      return administrator.move(member, random.below(clients.length + 1));
    case 1:
      return administrator.remove(member);
    default:
      return administrator.command({ ...commandOf(random), args: world.nextWork() });
  }
}
