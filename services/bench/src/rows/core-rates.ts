/** Measures the core alone, without sockets. */

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BenchContext } from '../bench-context.js';

/** How many entries the core alone applies in a second, for one size of the group. */
export interface CoreRates {
  readonly members: number;
  readonly joins: number;
  /** A random member leaves, and another joins. */
  readonly replacements: number;
  /** A command from a random rank to all subordinates, without results. */
  readonly commands: number;
  /** A member is moved within the last ranks. */
  readonly moves: number;
}

/** The sizes of the group. */
export const coreSizes = [10, 1000, 100_000] as const;

/** The exports of the built core that this row uses. `apply` does not validate entries. */
interface Core {
  readonly Coordinator: new (rules: object) => { apply(entry: object): readonly object[] };
}

const AT = 1_700_000_000_000;
const MEASURE_MS = 500;
const CORE_DEADLINE_MS = 60_000;

const rules = {
  membersMax: 200_000,
  groupsMax: 1,
  commandsOpenMax: 1000,
  awaitedMax: 1_000_000_000,
  deadlineMsMax: 60_000,
  refusedMax: 100,
  missingMax: 100,
  waitlistMax: 0,
  commandsPerSecond: 0,
  historyMax: 1000,
  suspendMs: 4500,
  graceMs: 0,
  graceLeaderMs: 0,
  reformMs: 5000,
  graceServerMs: 8000,
};

/** Measures the rates of the built core. Takes a few seconds. */
export async function measureCore(repository: string, sizes: readonly number[] = coreSizes): Promise<CoreRates[]> {
  const path = join(repository, 'services/server/dist/core/index.js');
  const core = (await import(pathToFileURL(path).href)) as Core;
  return sizes.map(members => ratesAt(core, members));
}

/**
 * Measures the rates of the built core in the Node that runs the measured servers.
 * @throws BenchError
 */
export async function measureCoreIn(
  { children, node, repository }: BenchContext,
  sizes: readonly number[],
): Promise<CoreRates[]> {
  const program = join(repository, 'services/bench/dist/rows/core-rates-main.js');
  const { stdout } = await children.run(
    { program: node.path, args: [program, repository, ...sizes.map(String)] },
    CORE_DEADLINE_MS,
  );
  return JSON.parse(stdout) as CoreRates[];
}

function ratesAt(core: Core, members: number): CoreRates {
  const group = new Crowd(core);
  const beganMs = performance.now();
  while (group.size < members) group.join();
  const joins = (members / (performance.now() - beganMs)) * 1000;
  return {
    members,
    joins,
    replacements: 2 * rateOf(() => group.replace()),
    commands: rateOf(() => group.command()),
    moves: rateOf(() => group.move()),
  };
}

function rateOf(apply: () => void): number {
  const untilMs = performance.now() + MEASURE_MS;
  const beganMs = performance.now();
  let count = 0;
  for (; performance.now() < untilMs; count += 100) for (let each = 0; each < 100; each += 1) apply();
  return (count / (performance.now() - beganMs)) * 1000;
}

/** A group of a constant size, with an unordered list of its members. */
class Crowd {
  readonly #coordinator: InstanceType<Core['Coordinator']>;
  readonly #ids: string[] = [];
  #named = 0;
  #commands = 0;
  #seed = 1;

  constructor({ Coordinator }: Core) {
    this.#coordinator = new Coordinator(rules);
  }

  get size(): number {
    return this.#ids.length;
  }

  join(): void {
    const id = `m${(this.#named += 1)}`;
    const newcomer = { id, session: `s-${id}`, name: id, tags: {}, address: '192.0.2.1:1', secretHash: 'hash' };
    this.#apply({ kind: 'joined', newcomer, resume: undefined });
    this.#ids.push(id);
  }

  replace(): void {
    const index = this.#random(this.size);
    const member = this.#ids[index] ?? '';
    this.#ids[index] = this.#ids.at(-1) ?? '';
    this.#ids.pop();
    this.#apply({ kind: 'departed', member, session: `s-${member}`, how: 'lost', reason: 'CLOSED' });
    this.join();
  }

  command(): void {
    const member = this.#ids[this.#random(this.size)] ?? '';
    const n = (this.#commands += 1);
    const order = { id: `${n}`, name: 'go', target: { kind: 'below' }, deadlineMs: 5000, reply: 'none' };
    this.#apply({
      kind: 'command',
      from: { kind: 'member', member, session: `s-${member}` },
      n,
      payload: '"x"',
      ...order,
    });
  }

  /** Moves a member far from rank 0, because a move of the leader must first wait until the leader has stopped. */
  move(): void {
    const by = { session: 'admin', id: 'admin', name: 'admin' };
    const rank = Math.max(1, this.size - 2 - this.#random(2));
    const member = this.#ids.at(-1) ?? '';
    this.#apply({ kind: 'moved', by, id: '1', member, rank });
  }

  #apply(entry: object): void {
    this.#coordinator.apply({ group: 'default', at: AT, ...entry });
  }

  /** Returns a pseudo-random number below `limit`, the same in every run (Lehmer's generator). */
  #random(limit: number): number {
    this.#seed = (this.#seed * 48_271) % 2_147_483_647;
    return this.#seed % limit;
  }
}
