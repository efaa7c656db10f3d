import type { ServerConfig } from '@rankd/server/dist/config.js';
import type { Coordinator, Effect, Entry } from '@rankd/server/dist/core/index.js';
import type { ServerMessage } from '@rankd/protocol';
import type { ModelClient } from '../participants/model-client.js';
import type { ServerProcess } from '../participants/server-process.js';
import { GROUP } from '../settings.js';
import { Violation } from '../violation.js';
import type { Probe } from '../participants/probe.js';
import { CommandLedger } from './command-ledger.js';
import { LeaderCheck } from './leader-check.js';
import { ReferenceRoster } from './reference-roster.js';
import { checkFinalState } from './final-state-check.js';
import { ReplayCheck } from './replay-check.js';
import { Transcript } from './transcript.js';

/** Sees what the log does and what clients are told and would do; knows nothing of who made it happen. */
export class Checker implements Probe {
  readonly #config: ServerConfig;
  readonly #clients: Iterable<ModelClient>;
  readonly #nowMs: () => number;
  readonly #order: ReferenceRoster;
  readonly #commands: CommandLedger;
  readonly #leaders = new LeaderCheck();
  readonly #transcripts = new Map<ModelClient, Transcript>();
  /** The seq of the last command that a member was given, by epoch and member. */
  readonly #givenLast = new Map<string, number>();
  #replica: ReplayCheck | undefined;
  #coordinator: Coordinator | undefined;

  constructor(config: ServerConfig, clients: Iterable<ModelClient>, nowMs: () => number) {
    this.#config = config;
    this.#clients = clients;
    this.#nowMs = nowMs;
    this.#order = new ReferenceRoster(config.RANKD_MEMBERS_MAX);
    this.#commands = new CommandLedger(this.#order);
  }

  /** A server begins its life. `copy`: a core that nothing has been applied to. */
  serverBegan(coordinator: Coordinator, copy: Coordinator): void {
    this.#coordinator = coordinator;
    this.#replica = new ReplayCheck(coordinator, copy);
    this.#commands.serverDied();
  }

  orderLost(): void {
    this.#leaders.orderLost(this.#order.epochLast, this.#nowMs() + this.#config.RANKD_SUSPEND_MS);
  }

  serverContinued(wallMs: number): void {
    this.#commands.serverContinued(wallMs);
  }

  applied(entry: Entry, effects: readonly Effect[]): void {
    if (this.#coordinator === undefined) return;
    this.#order.applied(entry, effects, this.#coordinator.groups);
    this.#commands.applied(entry, effects, this.#coordinator.groups);
    this.#replica?.applied(entry);
    this.#bounds(this.#coordinator);
  }

  beginDouble(entry: Entry): boolean {
    return this.#replica?.beginDouble(entry) === true;
  }

  endDouble(entry: Entry, effects: readonly Effect[]): void {
    this.#replica?.endDouble(entry, effects);
  }

  sent(): void {
    // What it says shows in what comes of it.
  }

  commanded(client: ModelClient, id: string, reply: 'outcome' | 'each' | 'none'): void {
    this.#transcriptOf(client).commanded(id, reply);
  }

  took(client: ModelClient, message: ServerMessage): void {
    if (message.type === 'command' && client.seat !== undefined) this.#givenOnce(client.seat.welcome, message.seq);
    this.#transcriptOf(client).took(message);
    this.look();
  }

  over(client: ModelClient): void {
    this.#transcripts.delete(client);
  }

  /** Nobody needs a message to become a leader who must not be one: it is enough to be continued. */
  look(): void {
    this.#leaders.look(this.#clients, this.#nowMs());
  }

  /** I11: faults have stopped, and time has passed: everything that was begun has ended, and everybody knows where they are. */
  settled({ log, gateway, connectionCount }: ServerProcess): void {
    this.#replica?.catchUp();
    if (this.#commands.openCount > 0) throw new Violation('I11', `${this.#commands.openCount} commands are open`);
    checkFinalState(log.groups.get(GROUP), this.#clients);
    for (const [{ name }, { owed }] of this.#transcripts) {
      if (owed > 0) throw new Violation('I11', `${name} waits for ${owed} receipts and outcomes`);
    }
    if (gateway.sessionCount > connectionCount)
      throw new Violation('I9', `${gateway.sessionCount} sessions of ${connectionCount} connections`);
  }

  /** I9 */
  #bounds({ groups }: Coordinator): void {
    const {
      RANKD_COMMANDS_OPEN_MAX: openMax,
      RANKD_MEMBERS_MAX: membersMax,
      RANKD_WAITLIST_MAX: waitlistMax,
    } = this.#config;
    for (const { commandsOpen, waiting } of groups.values()) {
      if (commandsOpen > openMax * membersMax) throw new Violation('I9', `${commandsOpen} open commands`);
      if (waiting.length > waitlistMax) throw new Violation('I9', `${waiting.length} on the waitlist`);
    }
  }

  /** I5: R-CMD-9 */
  #givenOnce({ member, epoch }: { readonly member: string; readonly epoch: number }, seq: number): void {
    const key = `${epoch}/${member}`;
    const last = this.#givenLast.get(key) ?? 0;
    if (seq <= last) throw new Violation('I5', `${member} is given command ${seq} after ${last}`);
    this.#givenLast.set(key, seq);
  }

  #transcriptOf(client: ModelClient): Transcript {
    const transcript = this.#transcripts.get(client) ?? new Transcript(this.#order);
    this.#transcripts.set(client, transcript);
    return transcript;
  }
}
