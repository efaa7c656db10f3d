import type { ServerMessage } from '@rankd/protocol';
import type { ServerConfig } from '@rankd/server/dist/config.js';
import type { Entry } from '@rankd/server/dist/core/index.js';
import { shardOf, shardOwner } from '@rankd/server/dist/cluster/shard-placement.js';
import type { Groups, AppliedListener } from '@rankd/server/dist/log/ordered-log.js';
import { LeaderCheck } from '../checks/leader-check.js';
import { checkFinalState } from '../checks/final-state-check.js';
import { Transcript } from '../checks/transcript.js';
import type { ModelClient } from '../participants/model-client.js';
import { GROUP } from '../settings.js';
import { Violation } from '../violation.js';
import type { Probe } from '../participants/probe.js';
import type { SimulatedServer } from './simulated-server.js';
import type { History } from './history.js';
import { IncarnationCheck } from './incarnation-check.js';
import type { LogProbe } from './watched-log.js';

/** Sees what the servers of a cluster and their clients do, and remembers the first thing that must not be. */
export class ClusterChecker implements Probe {
  readonly #clients: Iterable<ModelClient>;
  readonly #nowMs: () => number;
  readonly #membersMax: number;
  readonly #shards: number;
  readonly #leaders = new LeaderCheck();
  readonly #lives = new Map<string, IncarnationCheck>();
  readonly #transcripts = new Map<ModelClient, Transcript>();
  /** What each process was given to do, by what no two commands have in common. */
  readonly #given = new Set<string>();
  #violation: Error | undefined;

  constructor(clients: Iterable<ModelClient>, nowMs: () => number, config: ServerConfig) {
    this.#clients = clients;
    this.#nowMs = nowMs;
    this.#membersMax = config.RANKD_MEMBERS_MAX;
    this.#shards = config.RANKD_SHARDS;
  }

  /** A server begins a life in the order. */
  lifeBegins(server: string, groups: Groups, history: History): LogProbe {
    const life = new IncarnationCheck(server, groups, history, this.#membersMax);
    this.#lives.set(server, life);
    return {
      proposes: (entry: Entry) => this.#keep(() => life.proposes(entry)),
      applied: (...applied: Parameters<AppliedListener>) => this.#keep(() => life.applied(...applied)),
      reached: () => life.reached(),
      left: () => life.left(),
    };
  }

  /** Something threw where nobody waits for it. */
  threw(error: unknown): void {
    this.#violation ??= error instanceof Error ? error : new Error(String(error));
  }

  /** The end of the order is lost: until all have noticed and leases have run out, two may believe to lead. */
  orderLost(untilMs: number): void {
    this.#leaders.endLost(untilMs);
  }

  /** What it alone has read of the order may be lost behind it, and nobody would know (docs/leadership.md). */
  serverDied(): void {
    this.#leaders.forget();
  }

  sent(): void {
    // What it says shows in what comes of it.
  }

  commanded(client: ModelClient, id: string, reply: 'outcome' | 'each' | 'none'): void {
    this.#keep(() => this.#transcripts.get(client)?.commanded(id, reply));
  }

  took(client: ModelClient, message: ServerMessage): void {
    this.#keep(() => {
      if (message.type === 'welcome' && 'rank' in message) this.#begin(client, message.server);
      if (message.type === 'command') this.#givenOnce(client, message.args);
      this.#transcripts.get(client)?.took(message);
      this.#leaders.look(this.#clients, this.#nowMs());
    });
  }

  over(client: ModelClient): void {
    this.#transcripts.delete(client);
  }

  /** @throws whatever has been found until now */
  look(): void {
    this.#keep(() => this.#leaders.look(this.#clients, this.#nowMs()));
    if (this.#violation !== undefined) throw this.#violation;
  }

  /**
   * I11: faults have stopped, and time has passed: all servers are there; those that follow the group, its keeper among them, stand
   * alike and have applied everything.
   */
  settled(servers: readonly SimulatedServer[], history: History): void {
    this.look();
    const lives = servers.map(({ life, cluster }) => {
      if (life === undefined) throw new Violation('I11', `a server is ${cluster.readiness.state}, not current`);
      return life;
    });
    const known = history.tip?.fleet.servers ?? [];
    const keeper = this.#shards === 1 ? lives : [shardOwner(shardOf(GROUP, this.#shards), lives)];
    if (known.some(server => !lives.includes(server)) || keeper.some(life => !known.includes(life ?? '')))
      throw new Violation('I11', `${known.join()} stand in the order, and ${lives.join()} are there`);
    const checks = known.flatMap(life => this.#lives.get(life) ?? []);
    for (const check of checks) check.settled();
    const states = checks.map(({ groups }) => JSON.stringify(groups.get(GROUP)?.snapshot()));
    if (new Set(states).size > 1) throw new Violation('I10', `the servers stand at ${states.join(' and ')}`);
    checkFinalState(checks[0]?.groups.get(GROUP), this.#clients);
    for (const [{ name }, { owed }] of this.#transcripts) {
      if (owed > 0) throw new Violation('I11', `${name} waits for ${owed} receipts and outcomes`);
    }
  }

  #begin(client: ModelClient, server: string): void {
    const life = this.#lives.get(server);
    if (life === undefined) throw new Violation('I12', `welcomed by ${server}, which nobody knows`);
    this.#transcripts.set(client, new Transcript(life.order, 'as-of-now'));
  }

  /** I5: R-CMD-9, whatever became of the order in between. */
  #givenOnce({ name }: ModelClient, args: unknown): void {
    const key = `${name} ${String(args)}`;
    if (this.#given.has(key)) throw new Violation('I5', `${name} is given ${String(args)} twice`);
    this.#given.add(key);
  }

  /** What is found within a server's own turn must not be mistaken for a failure of that server. */
  #keep(look: () => void): void {
    try {
      look();
    } catch (error) {
      this.threw(error);
    }
  }
}
