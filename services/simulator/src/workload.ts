/** The random events of a simulated single server. */

import type { CommandMessage, Target } from '@rankd/protocol';
import type { SeededRandom } from '@rankd/testkit';
import type { ModelClient } from './participants/model-client.js';
import { permitsProxies } from './settings.js';
import type { World } from './world.js';

/** One possible event of a step. */
type Step = (world: World) => void;

/** Returns an event that acts on a random client. */
export const onRandomClient =
  (step: (client: ModelClient, random: SeededRandom) => void) =>
  ({ clients, random }: Pick<World, 'clients' | 'random'>): void => {
    const client = random.pick(clients);
    if (client !== undefined) step(client, random);
  };

/** Closes the server's end of a random client's connections, as a proxy does, if the settings permit it. */
export function closeByProxy(world: Pick<World, 'clients' | 'random' | 'config'>): void {
  if (!permitsProxies(world.config)) return;
  onRandomClient((client, random) => client.network.closeServerEnds(random.pick(['fin', 'rst'] as const) ?? 'fin'))(
    world,
  );
}

/** Makes the server replace the leader while a proxy closes the server's end of its connection, before or after it has answered. */
export function replaceLeaderBehindProxy(
  world: Pick<World, 'clients' | 'random' | 'config' | 'administrator' | 'clock'>,
): void {
  const { clients, random, config, administrator, clock } = world;
  const leader = clients.find(({ fence }) => fence !== undefined);
  const member = leader?.seat?.welcome.member;
  if (leader === undefined || member === undefined || !permitsProxies(config)) return;
  const how = random.pick(['remove', 'move', 'bye'] as const);
  if (how === 'remove') administrator.removeMember(member);
  else if (how === 'move') administrator.moveMember(member, 1);
  else leader.writeFrame('no json\n');
  clock.after(random.below(80), () => leader.network.closeServerEnds('fin'));
}

/** Makes the leader resign (R-RESIGN-1), sometimes while an administrator moves or removes it. */
export function resignLeader(world: Pick<World, 'clients' | 'random' | 'administrator' | 'clock'>): void {
  const { clients, random, administrator, clock } = world;
  const leader = clients.find(({ fence }) => fence !== undefined);
  const member = leader?.seat?.welcome.member;
  if (leader === undefined || member === undefined) return;
  const how = random.pick(['alone', 'move', 'remove', 'move back'] as const);
  if (how === 'move') administrator.moveMember(member, 1);
  if (how === 'remove') administrator.removeMember(member);
  clock.after(random.below(60), () => leader.resign());
  if (how === 'move back') clock.after(random.below(120), () => administrator.moveMember(member, 0));
}

/** Invalid frames. `yielded` and `resign` are not among them, because R-LEAD-1 assumes that a client has stopped when it sends one. */
const garbage = [
  '{"type":"command"}\n',
  'no json\n',
  '{"type":"unheard-of"}\n',
  '{"type":"hello"}\n',
  '\n\n',
  '{"type":"pong","n":99999}\n',
  '{"type":"result","seq":1,"status":"done"}\n',
];

/** The possible events and their relative frequencies. */
const weightedSteps: readonly (readonly [weight: number, step: Step])[] = [
  [30, onRandomClient((client, random) => client.sendCommand(pickCommand(random)))],
  [16, world => world.spawnClient()],
  [8, () => undefined],
  [4, onRandomClient(client => client.stop())],
  [9, onRandomClient(client => client.continue())],
  [3, onRandomClient(client => client.leave())],
  [3, onRandomClient((client, random) => client.crash(random.pick(['fin', 'rst', 'lost'] as const) ?? 'fin'))],
  [3, onRandomClient(client => client.dropConnection())],
  [3, onRandomClient((client, random) => client.network.cut(random.pick(['up', 'down'] as const) ?? 'up'))],
  [
    2,
    onRandomClient(client => {
      client.network.cut('up');
      client.network.cut('down');
    }),
  ],
  [7, onRandomClient(client => client.network.repair())],
  [3, closeByProxy],
  [2, replaceLeaderBehindProxy],
  [2, resignLeader],
  [2, onRandomClient(client => client.resign())],
  [2, onRandomClient(client => client.network.hold('paused'))],
  [5, onRandomClient(client => client.network.release('paused'))],
  [4, onRandomClient(client => client.resendFrame())],
  [1, onRandomClient((client, random) => client.writeFrame(random.pick(garbage) ?? ''))],
  [1, onRandomClient((client, random) => client.sendMessage({ type: random.pick(['roster', 'history', 'ping']) }))],
  [5, administer],
  [1, world => world.server.stop()],
  [4, world => world.continueServer()],
  [0.3, world => world.drainServer()],
  [0.5, world => world.restartServer(world.random.chance(0.7) ? 'kept' : 'lost')],
];

const weightSum = weightedSteps.reduce((sum, [weight]) => sum + weight, 0);

/** Runs one step: one random event, and a short random time. */
export function runStep(world: World, taken: number): void {
  const { random, clock } = world;
  let left = random.fraction() * weightSum;
  for (const [weight, step] of weightedSteps) {
    left -= weight;
    if (left >= 0) continue;
    world.writeTrace?.(clock.nowMs, `step ${taken}: ${step.name}`);
    step(world);
    break;
  }
  world.disturbClock();
  clock.pass(random.chance(0.02) ? random.between(100, 500) : random.below(16));
  world.checker.checkLeaders();
}

function administer({ administrator, clients, random }: World): void {
  const member = random.pick(clients)?.seat?.welcome.member ?? 'm0';
  switch (random.below(3)) {
    case 0:
      return administrator.moveMember(member, random.below(clients.length + 1));
    case 1:
      return administrator.removeMember(member);
    default:
      return administrator.sendCommand(pickCommand(random));
  }
}

/** Picks a random command with a random target. */
export function pickCommand(random: SeededRandom): Omit<CommandMessage, 'type' | 'id'> {
  const to = pickTarget(random);
  return {
    name: 'work',
    to,
    deadlineMs: random.pick([1, 30, 200, 5000]) ?? 1,
    reply: random.pick(['outcome', 'outcome', 'each', 'none'] as const) ?? 'outcome',
    ...(random.chance(0.2) ? { args: 'x'.repeat(random.below(1500)) } : {}),
  };
}

function pickTarget(random: SeededRandom): Target {
  switch (random.below(5)) {
    case 0:
      return 'below';
    case 1:
      return 'all';
    case 2:
      return { ranks: [random.below(8), random.below(8)] };
    case 3:
      return { names: [`p${random.below(20)}`, `p${random.below(20)}`] };
    default:
      return { tags: { kind: 'steady' } };
  }
}
