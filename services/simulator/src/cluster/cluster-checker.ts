import type { ServerMessage } from '@rankd/protocol';
import type { ServerConfig } from 'rankd/dist/config.js';
import type { Entry } from 'rankd/dist/core/index.js';
import { shardOf, shardOwner } from 'rankd/dist/cluster/shard-placement.js';
import type { Groups, AppliedListener } from 'rankd/dist/log/ordered-log.js';
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
import type { LogProbe } from './probed-log.js';

/** Checks the invariants of a cluster on the logs of its servers and on the messages of clients. Keeps the first violation. */
export class ClusterChecker implements Probe {
  readonly #clients: Iterable<ModelClient>;
  readonly #nowMs: () => number;
  readonly #membersMax: number;
  readonly #shards: number;
  readonly #leaders = new LeaderCheck();
  readonly #incarnations = new Map<string, IncarnationCheck>();
  /** The server process of each incarnation. */
  readonly #processes = new Map<string, object>();
  /** The living server processes that have applied lost records and have not joined again. */
  readonly #unnoticedBy = new Set<object>();
  readonly #transcripts = new Map<ModelClient, Transcript>();
  /** The commands that each client has received, by client and unique arguments. */
  readonly #delivered = new Set<string>();
  #violation: Error | undefined;

  constructor(clients: Iterable<ModelClient>, nowMs: () => number, config: ServerConfig) {
    this.#clients = clients;
    this.#nowMs = nowMs;
    this.#membersMax = config.RANKD_MEMBERS_MAX;
    this.#shards = config.RANKD_SHARDS;
  }

  /** Starts to check an incarnation of a server process. Returns the probe for its log. */
  startIncarnation(server: string, serverProcess: object, groups: Groups, history: History): LogProbe {
    this.#processes.set(server, serverProcess);
    const incarnation = new IncarnationCheck(server, groups, history, this.#membersMax);
    this.#incarnations.set(server, incarnation);
    return {
      recordProposal: (entry: Entry) => this.#recordViolationOf(() => incarnation.recordProposal(entry)),
      recordApplied: (...applied: Parameters<AppliedListener>) =>
        this.#recordViolationOf(() => incarnation.checkApplied(...applied)),
      recordAcquired: () => incarnation.recordAcquired(),
      recordUnloaded: () => incarnation.recordUnloaded(),
    };
  }

  /** Records an error that no caller has caught. */
  recordError(error: unknown): void {
    this.#violation ??= error instanceof Error ? error : new Error(String(error));
  }

  /**
   * Records that the end of the order is lost. Until `untilMs`, when leases have expired, two clients may believe that they lead. Until one
   * of the processes that have applied lost records joins again, no server can know of the loss.
   */
  recordOrderLost(untilMs: number, readers: ReadonlySet<string>): void {
    this.#leaders.excuseAllEpochs(untilMs);
    for (const reader of readers) {
      const serverProcess = this.#processes.get(reader);
      if (serverProcess !== undefined) this.#unnoticedBy.add(serverProcess);
    }
    if (this.#unnoticedBy.size > 0) this.#leaders.awaitLossNotice();
  }

  /** Records that a server has joined the cluster. A server that has noticed a loss reports it. The report takes effect by `untilMs`. */
  recordEntered(serverProcess: object, untilMs: number): void {
    if (!this.#unnoticedBy.has(serverProcess)) return;
    this.#unnoticedBy.clear();
    this.#leaders.noticeLoss();
    this.#leaders.excuseAllEpochs(untilMs);
  }

  /** Records that a server has died. Records that only this server has read may be lost unnoticed (docs/leadership.md). */
  recordServerDeath(serverProcess: object): void {
    this.#leaders.forgetNewestFence();
    this.#unnoticedBy.delete(serverProcess);
    if (this.#unnoticedBy.size === 0) this.#leaders.noticeLoss();
  }

  /** The newest fencing token so far, and its client. */
  get newestFence(): LeaderCheck['newestFence'] {
    return this.#leaders.newestFence;
  }

  /**
   * All servers that have read lost records are dead. The clients name their epochs, so later leaders must have newer tokens than `newest`.
   */
  requireLaterFences(newest: LeaderCheck['newestFence']): void {
    this.#unnoticedBy.clear();
    this.#leaders.noticeLoss();
    this.#leaders.newestFence = newest;
  }

  recordSent(): void {
    // The effects of a message are checked, not the message.
  }

  recordCommand(client: ModelClient, id: string, reply: 'outcome' | 'each' | 'none'): void {
    this.#recordViolationOf(() => this.#transcripts.get(client)?.recordCommand(id, reply));
  }

  recordMessage(client: ModelClient, message: ServerMessage): void {
    this.#recordViolationOf(() => {
      if (message.type === 'welcome' && 'rank' in message) this.#startTranscript(client, message.server);
      if (message.type === 'command') this.#requireDeliveredOnce(client, message.args);
      this.#transcripts.get(client)?.checkMessage(message);
      this.#leaders.checkLeaders(this.#clients, this.#nowMs());
    });
  }

  recordSessionEnd(client: ModelClient): void {
    this.#transcripts.delete(client);
  }

  /**
   * Checks the leaders.
   * @throws the first violation so far
   */
  assertNoViolation(): void {
    this.#recordViolationOf(() => this.#leaders.checkLeaders(this.#clients, this.#nowMs()));
    if (this.#violation !== undefined) throw this.#violation;
  }

  /**
   * Checks the final state (I10, I11), after faults have stopped and time has passed: all servers are current. Those that follow
   * the group, including its owner, have applied everything and have the same state.
   */
  checkSettled(servers: readonly SimulatedServer[], history: History): void {
    this.assertNoViolation();
    const incarnations = servers.map(({ incarnation: incarnation, cluster }) => {
      if (incarnation === undefined) throw new Violation('I11', `a server is ${cluster.readiness.state}, not current`);
      return incarnation;
    });
    const known = history.tip?.registry.servers ?? [];
    const keeper = this.#shards === 1 ? incarnations : [shardOwner(shardOf(GROUP, this.#shards), incarnations)];
    if (
      known.some(server => !incarnations.includes(server)) ||
      keeper.some(incarnation => !known.includes(incarnation ?? ''))
    )
      throw new Violation('I11', `${known.join()} are registered, and ${incarnations.join()} run`);
    const checks = known.flatMap(incarnation => this.#incarnations.get(incarnation) ?? []);
    for (const check of checks) check.checkSettled();
    const states = checks.map(({ groups }) => JSON.stringify(groups.get(GROUP)?.snapshot()));
    if (new Set(states).size > 1) throw new Violation('I10', `the servers have the states ${states.join(' and ')}`);
    checkFinalState(checks[0]?.groups.get(GROUP), this.#clients);
    for (const [{ name }, { unansweredCount }] of this.#transcripts) {
      if (unansweredCount > 0) throw new Violation('I11', `${name} waits for ${unansweredCount} receipts and outcomes`);
    }
  }

  #startTranscript(client: ModelClient, server: string): void {
    const incarnation = this.#incarnations.get(server);
    if (incarnation === undefined) throw new Violation('I12', `welcomed by ${server}, which is not registered`);
    this.#transcripts.set(client, new Transcript(incarnation.roster, client.updates));
  }

  /** Checks that no command is delivered twice, even if the order was lost in between (I5, R-CMD-9). */
  #requireDeliveredOnce({ name }: ModelClient, args: unknown): void {
    const key = `${name} ${String(args)}`;
    if (this.#delivered.has(key)) throw new Violation('I5', `${name} received ${String(args)} twice`);
    this.#delivered.add(key);
  }

  /** Runs a check and records its violation. If it were thrown inside a server's code, it would look like a failure of that server. */
  #recordViolationOf(look: () => void): void {
    try {
      look();
    } catch (error) {
      this.recordError(error);
    }
  }
}
