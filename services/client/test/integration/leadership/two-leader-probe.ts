/** Tests of leadership with real processes: two members that act whenever they may. */

import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect } from '@jest/globals';
import { eventually, parseLogLine, ChildProcess } from '@rankd/testkit';
import { DEADLINE_MS } from '../fleet.js';

/** When a contender last acted, for each way of asking whether it may, ns. */
interface LastActs {
  readonly rankNs: bigint;
  readonly fenceNs: bigint;
  readonly signalNs: bigint;
  readonly turns: bigint;
}

/** An event that a contender printed, and when. */
interface ContenderEvent {
  readonly event: string;
  readonly atNs: bigint;
  readonly rank: number | undefined;
  readonly code: string | undefined;
}

/** Returns the monotonic time, ns. All processes of a machine share this clock. */
export function nowNs(): bigint {
  return process.hrtime.bigint();
}

/** A process that acts whenever it may: see programs/contender.mjs. */
export class Contender {
  readonly program: ChildProcess;
  readonly name: string;
  readonly #stamps: string;

  constructor(name: string, port: number, group: string, directory: string) {
    this.name = name;
    this.#stamps = join(directory, `${name}.stamps`);
    const main = resolve(__dirname, '../programs/contender.mjs');
    const args = [`rankd://127.0.0.1:${port}`, JSON.stringify({ name, group, joinWithinMs: DEADLINE_MS })];
    this.program = new ChildProcess(process.execPath, [main, ...args, this.#stamps]);
  }

  /** Resolves when it has printed a matching event after `sinceNs`. */
  async waitForEvent(
    fits: (told: ContenderEvent) => boolean,
    what: string,
    sinceNs = 0n,
    deadlineMs = DEADLINE_MS,
  ): Promise<ContenderEvent> {
    try {
      return await eventually(deadlineMs, what, () =>
        this.#readEvents().find(told => told.atNs > sinceNs && fits(told)),
      );
    } catch (error) {
      throw new Error(`${this.name}: ${String(error)}; it printed:\n${this.program.output}`, { cause: error });
    }
  }

  /** Resolves when it leads. Returns when it first learned after `sinceNs` that it has rank 0, in any way. */
  async waitToLead(sinceNs: bigint, deadlineMs?: number): Promise<bigint> {
    const isRankZero = ({ event, rank }: ContenderEvent): boolean => rank === 0 || event === 'lead';
    return (await this.waitForEvent(isRankZero, 'rank 0', sinceNs, deadlineMs)).atNs;
  }

  async waitForJoin(rank: number, sinceNs = 0n): Promise<ContenderEvent> {
    return this.waitForEvent(
      told => told.event === 'joined' && told.rank === rank,
      `joined with rank ${rank}`,
      sinceNs,
    );
  }

  /** Resolves when it leads and has acted in each way since then. */
  async waitForActs(): Promise<void> {
    const sinceNs = nowNs();
    await eventually(DEADLINE_MS, `acts of ${this.name}`, () => {
      const { rankNs, fenceNs, signalNs } = this.lastActs();
      return [rankNs, fenceNs, signalNs].every(atNs => atNs > sinceNs) ? true : undefined;
    });
  }

  /** Resolves when its loop has run many times: a contender that still acts would have acted by now. */
  async waitForTurns(): Promise<void> {
    const { turns } = this.lastActs();
    await eventually(DEADLINE_MS, `turns of ${this.name}`, () =>
      this.lastActs().turns > turns + 200n ? true : undefined,
    );
  }

  /** Makes the process read nothing from now on, and continue to act. */
  async blockLoop(): Promise<void> {
    const sinceNs = nowNs();
    this.program.kill('SIGUSR2');
    await this.waitForEvent(({ event }) => event === 'stuck', 'a loop that never turns', sinceNs);
  }

  release(): void {
    const stamps = openSync(this.#stamps, 'r+');
    writeSync(stamps, new BigUint64Array([1n]), 0, 8, 4 * 8);
    closeSync(stamps);
  }

  lastActs(): LastActs {
    const bytes = readFileSync(this.#stamps);
    const cell = (index: number): bigint => (bytes.length < 8 * (index + 1) ? 0n : bytes.readBigUInt64LE(8 * index));
    return { rankNs: cell(0), fenceNs: cell(1), signalNs: cell(2), turns: cell(3) };
  }

  #readEvents(): ContenderEvent[] {
    return this.program.lines.flatMap(line => {
      const fields = parseLogLine(line);
      if (fields === undefined) return [];
      const { event, atNs, rank, code } = fields as { event: string; atNs: string; rank?: number; code?: string };
      return [{ event, atNs: BigInt(atNs), rank, code }];
    });
  }
}

/** How long a busy machine may delay a process, ms. */
const SLACK_MS = 1500;

/** Contenders for one rank 0: one leads, and one is its deputy. `dispose` ends them. */
export class Duel {
  readonly group: string;
  leader!: Contender;
  deputy!: Contender;
  readonly #directory = mkdtempSync(join(tmpdir(), 'rankd-duel-'));
  readonly #contenders: Contender[] = [];

  constructor(group: string) {
    this.group = group;
  }

  /** Starts a contender that joins through `port`. Resolves when it has that rank; a contender of rank 0 acts then. */
  async enter(port: number, rank: number): Promise<Contender> {
    const name = `c${this.#contenders.length}`;
    const contender = new Contender(name, port, this.group, this.#directory);
    this.#contenders.push(contender);
    await contender.waitForJoin(rank);
    if (rank === 0) await contender.waitForActs();
    return contender;
  }

  /** Starts a leader that acts and a deputy behind it, each with a port of its own. */
  async start(leadersPort: number, deputysPort = leadersPort): Promise<void> {
    this.leader = await this.enter(leadersPort, 0);
    this.deputy = await this.enter(deputysPort, 1);
    await this.leader.waitForActs();
  }

  /** Checks that the deputy is promoted within the bound. Returns when it was, ns. */
  async waitForTakeover(sinceNs: bigint, boundMs: number): Promise<bigint> {
    const toldNs = await this.deputy.waitToLead(sinceNs, boundMs + SLACK_MS);
    expect(Number(toldNs - sinceNs) / 1e6).toBeLessThan(boundMs + SLACK_MS);
    return toldNs;
  }

  /** Checks that the old leader acted in each way before that moment, and in none after it. */
  expectNoActAfter(toldNs: bigint): void {
    const { rankNs, fenceNs, signalNs } = this.leader.lastActs();
    for (const [way, atNs] of Object.entries({ rank: rankNs, fence: fenceNs, signal: signalNs })) {
      const lateMs = Number(atNs - toldNs) / 1e6;
      if (lateMs > 0) throw new Error(`by its ${way} it acted ${lateMs} ms late:\n${this.leader.program.output}`);
      expect(atNs).toBeGreaterThan(0n);
    }
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#contenders.map(async ({ program }) => program.dispose()));
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
