import type { CommandMessage, Target } from '@rankd/protocol';
import type { SeededRandom } from '@rankd/testkit';
import type { ModelClient } from './participants/model-client.js';
import type { World } from './world.js';

/** Something that happens in a world at a step of it. */
type Step = (world: World) => void;

/** What happens to any of the clients. */
export const ofClient =
  (step: (client: ModelClient, random: SeededRandom) => void) =>
  ({ clients, random }: Pick<World, 'clients' | 'random'>): void => {
    const client = random.pick(clients);
    if (client !== undefined) step(client, random);
  };

/** Not among them `yielded`: R-LEAD-1 holds where a client has stopped when it says so. */
const garbage = [
  '{"type":"command"}\n',
  'no json\n',
  '{"type":"unheard-of"}\n',
  '{"type":"hello"}\n',
  '\n\n',
  '{"type":"pong","n":99999}\n',
  '{"type":"result","seq":1,"status":"done"}\n',
];

/** What may happen, and how often beside the others. */
const weightedSteps: readonly (readonly [weight: number, step: Step])[] = [
  [30, ofClient((client, random) => client.command(commandOf(random)))],
  [16, world => world.spawn()],
  [8, () => undefined],
  [4, ofClient(client => client.stop())],
  [9, ofClient(client => client.continue())],
  [3, ofClient(client => client.leave())],
  [3, ofClient((client, random) => client.crash(random.pick(['fin', 'rst', 'lost'] as const) ?? 'fin'))],
  [3, ofClient(client => client.drop())],
  [3, ofClient((client, random) => client.reach.cut(random.pick(['up', 'down'] as const) ?? 'up'))],
  [
    2,
    ofClient(client => {
      client.reach.cut('up');
      client.reach.cut('down');
    }),
  ],
  [7, ofClient(client => client.reach.mend())],
  [2, ofClient(client => client.reach.hold('paused'))],
  [5, ofClient(client => client.reach.release('paused'))],
  [4, ofClient(client => client.replay())],
  [1, ofClient((client, random) => client.write(random.pick(garbage) ?? ''))],
  [1, ofClient((client, random) => client.send({ type: random.pick(['roster', 'history', 'ping']) }))],
  [5, administer],
  [1, world => world.server.stop()],
  [4, world => world.continueServer()],
  [0.3, world => world.drainServer()],
  [0.5, world => world.restartServer(world.random.chance(0.7) ? 'kept' : 'lost')],
];

const weightSum = weightedSteps.reduce((sum, [weight]) => sum + weight, 0);

/** One step: something happens, and a little time passes. */
export function step(world: World, taken: number): void {
  const { random, clock } = world;
  let left = random.fraction() * weightSum;
  for (const [weight, step] of weightedSteps) {
    left -= weight;
    if (left >= 0) continue;
    world.writeTrace?.(clock.nowMs, `step ${taken}: ${step.name}`);
    step(world);
    break;
  }
  clock.pass(random.chance(0.02) ? random.between(100, 500) : random.below(16));
  world.checker.look();
}

function administer({ administrator, clients, random }: World): void {
  const member = random.pick(clients)?.seat?.welcome.member ?? 'm0';
  switch (random.below(3)) {
    case 0:
      return administrator.move(member, random.below(clients.length + 1));
    case 1:
      return administrator.remove(member);
    default:
      return administrator.command(commandOf(random));
  }
}

/** A command of any kind, to anybody. */
export function commandOf(random: SeededRandom): Omit<CommandMessage, 'type' | 'id'> {
  const to = targetOf(random);
  return {
    name: 'work',
    to,
    deadlineMs: random.pick([1, 30, 200, 5000]) ?? 1,
    reply: random.pick(['outcome', 'outcome', 'each', 'none'] as const) ?? 'outcome',
    ...(random.chance(0.2) ? { args: 'x'.repeat(random.below(1500)) } : {}),
  };
}

function targetOf(random: SeededRandom): Target {
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
