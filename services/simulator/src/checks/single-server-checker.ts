import type { ServerMessage } from '@rankd/protocol';
import type { ServerConfig } from 'rankd/dist/config.js';
import type { Coordinator, Effect, Entry } from 'rankd/dist/core/index.js';
import type { ModelClient } from '../participants/model-client.js';
import type { Probe } from '../participants/probe.js';
import type { SingleServerProcess } from '../participants/single-server-process.js';
import { GROUP } from '../settings.js';
import { Violation } from '../violation.js';
import { CommandLedger } from './command-ledger.js';
import { checkFinalState } from './final-state-check.js';
import { LeaderCheck } from './leader-check.js';
import { ReferenceRoster } from './reference-roster.js';
import { ReplayCheck } from './replay-check.js';
import { Transcript } from './transcript.js';

/** Checks the invariants of a single server (I1 to I12, one leader) on its log and on the messages that clients receive. */
export class SingleServerChecker implements Probe {
  readonly #config: ServerConfig;
  readonly #clients: Iterable<ModelClient>;
  readonly #nowMs: () => number;
  readonly #roster: ReferenceRoster;
  readonly #commands: CommandLedger;
  readonly #leaders = new LeaderCheck();
  readonly #transcripts = new Map<ModelClient, Transcript>();
  /** The seq of the last command that a member received, by epoch and member. */
  readonly #lastDelivered = new Map<string, number>();
  #replica: ReplayCheck | undefined;
  #coordinator: Coordinator | undefined;

  constructor(config: ServerConfig, clients: Iterable<ModelClient>, nowMs: () => number) {
    this.#config = config;
    this.#clients = clients;
    this.#nowMs = nowMs;
    this.#roster = new ReferenceRoster(config.RANKD_MEMBERS_MAX);
    this.#commands = new CommandLedger(this.#roster, nowMs);
  }

  /** Attaches to a new server. `copy` is a new core, which replays the same entries. */
  attachServer(coordinator: Coordinator, copy: Coordinator): void {
    this.#coordinator = coordinator;
    this.#replica = new ReplayCheck(coordinator, copy);
    this.#commands.clearOpenCommands();
  }

  /** Records that the next server starts without the order of the last one. */
  recordOrderLost(): void {
    this.#leaders.excuseEpochs(this.#roster.epochLast, this.#nowMs() + this.#config.RANKD_SUSPEND_MS);
  }

  /** Records that a stopped server continues. */
  recordServerContinued(): void {
    this.#commands.recordStallEnd();
  }

  /**
   * Checks an applied entry and its effects.
   * @throws Violation
   */
  recordApplied(entry: Entry, effects: readonly Effect[]): void {
    if (this.#coordinator === undefined) return;
    this.#roster.checkApplied(entry, effects, this.#coordinator.groups);
    this.#commands.checkApplied(entry, effects, this.#coordinator.groups);
    this.#replica?.recordApplied(entry);
    this.#checkBounds(this.#coordinator);
  }

  /** Prepares to apply an entry again (I8). Returns false if this entry must not be repeated. */
  startDouble(entry: Entry): boolean {
    return this.#replica?.startDouble(entry) === true;
  }

  /**
   * Checks that the repeated entry has changed nothing (I8).
   * @throws Violation
   */
  checkDouble(entry: Entry, effects: readonly Effect[]): void {
    this.#replica?.checkDouble(entry, effects);
  }

  recordSent(): void {
    // Nothing to check here: `recordApplied` checks the effects of the message.
  }

  recordCommand(client: ModelClient, id: string, reply: 'outcome' | 'each' | 'none'): void {
    this.#findTranscript(client).recordCommand(id, reply);
  }

  recordMessage(client: ModelClient, message: ServerMessage): void {
    if (message.type === 'command' && client.seat !== undefined)
      this.#requireDeliveredOnce(client.seat.welcome, message.seq);
    this.#findTranscript(client).checkMessage(message);
    this.checkLeaders();
  }

  recordSessionEnd(client: ModelClient): void {
    this.#transcripts.delete(client);
  }

  /** Checks that at most one client leads. It runs after each step, because a client that continues may lead without a message. */
  checkLeaders(): void {
    this.#leaders.checkLeaders(this.#clients, this.#nowMs());
  }

  /** Checks the final state (I11), after faults have stopped and time has passed: no command is open, and every client knows its rank. */
  checkSettled({ log, gateway, connectionCount }: SingleServerProcess): void {
    this.#replica?.compareReplica();
    if (this.#commands.openCount > 0) throw new Violation('I11', `${this.#commands.openCount} commands are open`);
    checkFinalState(log.groups.get(GROUP), this.#clients);
    for (const [{ name }, { unansweredCount }] of this.#transcripts) {
      if (unansweredCount > 0) throw new Violation('I11', `${name} waits for ${unansweredCount} receipts and outcomes`);
    }
    if (gateway.sessionCount > connectionCount)
      throw new Violation('I9', `${gateway.sessionCount} sessions of ${connectionCount} connections`);
  }

  /** Checks that queues are bounded (I9). */
  #checkBounds({ groups }: Coordinator): void {
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

  /** Checks that no command is delivered twice (I5, R-CMD-9). */
  #requireDeliveredOnce({ member, epoch }: { readonly member: string; readonly epoch: number }, seq: number): void {
    const key = `${epoch}/${member}`;
    const last = this.#lastDelivered.get(key) ?? 0;
    if (seq <= last) throw new Violation('I5', `${member} received command ${seq} after ${last}`);
    this.#lastDelivered.set(key, seq);
  }

  #findTranscript(client: ModelClient): Transcript {
    const transcript = this.#transcripts.get(client) ?? new Transcript(this.#roster, client.updates);
    this.#transcripts.set(client, transcript);
    return transcript;
  }
}
