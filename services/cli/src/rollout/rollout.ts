/** The verb `rollout`. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { RosterMember } from '@rankd/protocol';
import { reportFailure, writeJson, type CommandContext, type ExitCode } from '../commands/command-context.js';
import { open } from '../connection.js';
import { NotDone, UsageError } from '../errors.js';
import { reducedDeadline, reportLines } from '../output/command-report.js';
import { emptyGroup } from '../output/empty-group.js';
import { formatError } from '../output/format-error.js';
import { collectReport, type CollectedReport, type Order, unknownOutcome } from '../sending/collect-report.js';
import { NEWCOMERS_MAX, RolloutPlan, type SeenMember } from './rollout-plan.js';
import {
  batchFailure,
  type BatchLine,
  batchTable,
  changeSentences,
  remainingSentence,
  rolloutJson,
  type RolloutResult,
} from './rollout-result.js';

/** A command that goes to the whole group, in batches. */
export interface RolloutOrder extends Omit<Order, 'to'> {
  /** The largest number of members in a batch. */
  readonly batch: number;
  /** How long to wait between two batches, ms. */
  readonly pauseMs: number;
}

/**
 * Commands all members, from the last rank up, the leader last. Stops at the first batch that not all members have executed. Each batch has a
 * session of its own, so that a server may restart during a pause.
 */
export async function rollout(call: CommandContext, order: RolloutOrder): Promise<ExitCode> {
  const result = await new Rollout(call, order).run();
  const { failure, remaining } = result;
  if (call.json) writeJson(call, rolloutJson(result));
  if (failure === undefined) return 0;
  reportFailure(call, failure.message);
  if (remaining.length > 0) reportFailure(call, remainingSentence(result));
  return 1;
}

class Rollout {
  readonly #call: CommandContext;
  readonly #order: RolloutOrder;
  readonly #answers: BatchLine[] = [];
  readonly #changes = { joined: [] as SeenMember[], left: [] as SeenMember[], back: [] as SeenMember[] };
  #plan: RolloutPlan | undefined;
  #fleet: readonly SeenMember[] = [];
  #batches = 0;

  constructor(call: CommandContext, order: RolloutOrder) {
    this.#call = call;
    this.#order = order;
  }

  async run(): Promise<RolloutResult> {
    const failure = await this.#runBatches().catch((error: unknown) => {
      if (error instanceof UsageError) throw error;
      return formatError(error, this.#call.connection);
    });
    const remaining = this.#plan?.waiting ?? [];
    const { name } = this.#order;
    return { name, batches: this.#batches, answers: this.#answers, changes: this.#changes, remaining, failure };
  }

  /** Returns why the rollout stopped. Undefined if all members have executed the command. */
  async #runBatches(): Promise<NotDone | undefined> {
    for (;;) {
      const ended = await this.#runBatch();
      if (ended.kind === 'failed') return ended.failure;
      if (ended.kind === 'all done') return undefined;
      // Pause only if a member remains that was not commanded yet.
      if (this.#plan?.waiting.length !== 0) await sleep(this.#order.pauseMs);
    }
  }

  async #runBatch(): Promise<BatchEnd> {
    const { connection } = this.#call;
    const { name, batch } = this.#order;
    using observer = await open(connection);
    const { group, members } = await observer.roster();
    if (this.#plan === undefined && members.length === 0) {
      return failed(new NotDone('NO_RECIPIENTS', `no member can execute ${name}: ${emptyGroup(group)}`));
    }
    const plan = this.#readMembers(members);
    if (plan.isEndless) {
      return failed(
        new NotDone('TOO_MANY_JOINED', `more than ${NEWCOMERS_MAX} members have joined during the rollout`),
      );
    }
    const targets = plan.nextBatch(batch);
    if (targets.length === 0) return this.#answers.length > 0 ? { kind: 'all done' } : failed(this.#allLeft());
    this.#batches += 1;
    const to = { members: targets.map(({ member }) => member) };
    const report = await collectReport(observer, { ...this.#order, to }, connection);
    return this.#judge(plan, targets, report);
  }

  #allLeft(): NotDone {
    return new NotDone('NO_RECIPIENTS', `no member has executed ${this.#order.name}: all left before their turn`);
  }

  /** Reads the group, and prints who has joined or left since the last batch. */
  #readMembers(members: readonly RosterMember[]): RolloutPlan {
    const plan = (this.#plan ??= new RolloutPlan(members));
    this.#fleet = members;
    const { joined, left, back } = plan.update(members);
    this.#record({ joined, left, back });
    return plan;
  }

  #record(changes: { joined: readonly SeenMember[]; left: readonly SeenMember[]; back: readonly SeenMember[] }): void {
    this.#changes.joined.push(...changes.joined);
    this.#changes.left.push(...changes.left);
    this.#changes.back.push(...changes.back);
    for (const sentence of changeSentences(changes)) this.#call.terminal.say(sentence);
  }

  /** Records and prints how the members of a batch ended. */
  #judge(plan: RolloutPlan, targets: readonly SeenMember[], report: CollectedReport): BatchEnd {
    const { name, deadlineMs } = this.#order;
    const { terminal, json } = this.#call;
    const all = reportLines(report);
    const isGone = ({ member }: SeenMember): boolean => report.receipt.unmatched?.includes(member) === true;
    const left = targets.filter(isGone);
    for (const { member } of left) plan.markLeft(member);
    this.#record({ joined: [], left, back: [] });
    const lines = all.filter(({ code }) => code !== 'NO_SUCH_TARGET').map(line => ({ ...line, batch: this.#batches }));
    const hasTitles = this.#answers.length === 0;
    this.#answers.push(...lines);
    for (const { member, status } of lines) if (member !== undefined && status === 'done') plan.markDone(member);
    if (!json && lines.length > 0) terminal.write(batchTable(lines, this.#fleet, terminal, { hasTitles }).join('\n'));
    const reduced = this.#batches === 1 ? reducedDeadline(deadlineMs, report.receipt.deadlineMs) : undefined;
    if (reduced !== undefined) terminal.say(reduced);
    if (report.lost !== undefined) return failed(unknownOutcome(this.#order, report, report.lost));
    const isDone = lines.every(({ status }) => status === 'done') && lines.length + left.length === targets.length;
    return isDone ? { kind: 'next' } : failed(new NotDone('NOT_DONE', batchFailure(name, lines)));
  }
}

/** How a batch ended. */
type BatchEnd =
  { readonly kind: 'next' } | { readonly kind: 'all done' } | { readonly kind: 'failed'; readonly failure: NotDone };

function failed(failure: NotDone): BatchEnd {
  return { kind: 'failed', failure };
}
