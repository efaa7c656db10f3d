/** The members of a fault run: three of `lead` in one group, two of `once` in another. */

import { readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SeededRandom } from '../inputs/seeded-random.js';
import { eventually } from '../time/wait.js';
import { ProgramMember, type ProgramMemberOptions } from './program-member.js';
import { findViolations, readTenures, type Tenure } from './trace.js';

/** What the members have in common. */
export interface ProgramFleetOptions extends Pick<ProgramMemberOptions, 'rankctl' | 'env' | 'transport'> {
  readonly serverPorts: readonly number[];
  readonly random: SeededRandom;
  /** The built probe-program.js, which each member runs. */
  readonly probe: string;
}

/** A verb whose programs must never run at the same time, and the file that they write. */
export interface Task {
  readonly verb: readonly string[];
  readonly trace: string;
  readonly members: ProgramMember[];
  readonly size: number;
}

/** How long until a program writes again after a fault, ms. */
const RECOVERED_MS = 30_000;

/** Members with their programs. */
export class ProgramFleet {
  readonly #options: ProgramFleetOptions;
  readonly #folder: string;
  readonly tasks: readonly Task[];
  #count = 0;

  private constructor(options: ProgramFleetOptions, folder: string) {
    this.#options = options;
    this.#folder = folder;
    const task = (verb: readonly string[], name: string, size: number): Task => ({
      ...{ verb, size, members: [] },
      trace: join(folder, `${name}.txt`),
    });
    this.tasks = [
      task(['lead', '--group', 'beat', '--restart', 'always'], 'lead', 3),
      task(['once', 'task'], 'once', 2),
    ];
  }

  /** Starts all members. */
  static async start(options: ProgramFleetOptions): Promise<ProgramFleet> {
    const fleet = new ProgramFleet(options, await mkdtemp(join(tmpdir(), 'rankd-programs-')));
    await fleet.refill();
    for (const task of fleet.tasks) await fleet.waitForProgram(task);
    return fleet;
  }

  /** Replaces the members that have ended. */
  async refill(): Promise<void> {
    for (const task of this.tasks) {
      for (const member of task.members.filter(({ isUp }) => !isUp)) {
        task.members.splice(task.members.indexOf(member), 1);
        await member.proxy.dispose();
      }
      while (task.members.length < task.size) task.members.push(await this.#startMember(task));
    }
  }

  /** Returns the member whose program runs. Undefined if none runs, or if two claim to. */
  leaderOf({ members }: Task): ProgramMember | undefined {
    return members.find(({ program }) => program !== undefined);
  }

  /** Resolves when a program of the task writes. */
  async waitForProgram(task: Task): Promise<void> {
    const before = sizeOf(task.trace);
    await eventually(RECOVERED_MS, `a program of ${task.verb[0]}`, () => {
      return sizeOf(task.trace) > before && this.leaderOf(task) !== undefined ? true : undefined;
    });
  }

  /** Returns the programs of a task so far. */
  tenures(task: Task): readonly Tenure[] {
    return readTenures(readFileSync(task.trace, 'utf8'));
  }

  /** Returns a sentence for each two programs of one task that were alive at the same time. */
  violations(): readonly string[] {
    return this.tasks.flatMap(task => findViolations(this.tenures(task)).map(text => `${task.verb[0]}: ${text}`));
  }

  async dispose(): Promise<void> {
    const members = this.tasks.flatMap(task => task.members);
    await Promise.all(members.map(async member => await member.dispose()));
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #startMember({ verb, trace }: Task): Promise<ProgramMember> {
    const { random, serverPorts, probe, ...options } = this.#options;
    this.#count += 1;
    const command = `exec '${process.execPath}' '${probe}' '${trace}'`;
    const lines = [
      ['/bin/sh', '-c', command],
      ['/bin/sh', '-c', `${command} stubborn`],
      // A program that forks, and whose parent ends at SIGTERM.
      ['/bin/sh', '-c', `'${process.execPath}' '${probe}' '${trace}' stubborn & wait`],
    ];
    return await ProgramMember.start({
      ...options,
      verb,
      line: lines[random.below(lines.length)] ?? [],
      name: `member-${this.#count}`,
      serverPort: serverPorts[this.#count % serverPorts.length] ?? 0,
    });
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
