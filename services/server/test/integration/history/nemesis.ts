import { inflict, type Fault } from './faults.js';
import type { RecordedFleet, Recorder } from './recorded-fleet.js';

const CROWD = Array.from({ length: 12 }, (_, index) => `crowd-${index}`);
const PACE = { orderEveryMs: 60, deadlineMs: 700 };

export interface NemesisPorts {
  readonly fleet: RecordedFleet;
  readonly random: () => number;
  /** After this time a silent member is dropped. */
  readonly deadMs: number;
  /** The ports of the rank tables, from which the leader is read. */
  readonly httpPorts: () => readonly number[];
}

/** Inflicts faults on the members of a fleet, and replaces each killed member. */
export class Nemesis {
  readonly #ports: NemesisPorts;
  readonly #suffering = new Set<Recorder>();
  #replaced = 0;

  constructor(ports: NemesisPorts) {
    this.#ports = ports;
  }

  /** Starts five members that send commands quickly, each in its own process, and twelve in one process. */
  async bringFleet(): Promise<void> {
    for (const name of ['ann', 'bob', 'cid', 'dan', 'eve']) await this.#ports.fleet.add({ names: [name], ...PACE });
    await this.#addCrowd();
    await this.#ports.fleet.seated();
  }

  /** Inflicts faults that overlap: each starts when the previous one is half over. Resolves when all are over. */
  async inflictAll(faults: readonly Fault[]): Promise<void> {
    const under: Promise<void>[] = [];
    for (const fault of faults) {
      under.push((await this.#begin(fault)).over);
      await new Promise(done => setTimeout(done, this.#ports.deadMs / 2));
    }
    await Promise.all(under);
  }

  /** Kills the process with many members and starts another. */
  async replaceCrowd(): Promise<void> {
    for (const crowd of this.#ports.fleet.recorders.filter(({ names }) => names.length > 1)) await this.#replace(crowd);
    await this.#ports.fleet.seated();
  }

  /** Inflicts a fault on a member without one. */
  async #begin(fault: Fault): Promise<{ readonly over: Promise<void> }> {
    const { random, deadMs } = this.#ports;
    const victim = await this.#victim();
    this.#suffering.add(victim);
    const dice = random();
    process.stdout.write(`history: ${fault} ${victim.names[0] ?? ''} ${dice.toFixed(3)}\n`);
    const done = fault === 'kill' ? this.#replace(victim) : inflict(fault, victim, { deadMs, dice });
    return { over: done.finally(() => this.#suffering.delete(victim)) };
  }

  async #addCrowd(): Promise<void> {
    this.#replaced += 1;
    const names = CROWD.map(name => `${name}.${this.#replaced}`);
    await this.#ports.fleet.add({ names, orderEveryMs: 400, deadlineMs: 700 });
  }

  async #replace(recorder: Recorder): Promise<void> {
    await this.#ports.fleet.kill(recorder);
    if (recorder.names.length > 1) {
      await this.#addCrowd();
      return;
    }
    this.#replaced += 1;
    await this.#ports.fleet.add({ names: [`${recorder.names[0] ?? ''}'`], ...PACE });
  }

  /** The leader, if it has no fault at the moment; otherwise a random member. */
  async #victim(): Promise<Recorder> {
    const { fleet, random } = this.#ports;
    const leader = await this.#leader();
    const healthy = fleet.recorders.filter(each => !this.#suffering.has(each));
    const leaders = healthy.filter(({ names }) => names.includes(leader));
    const victim = leaders[0] ?? healthy[Math.floor(random() * healthy.length)];
    if (victim === undefined) throw new Error('every member has a fault already');
    return victim;
  }

  /** The leader by the rank table of the first server that answers. */
  async #leader(): Promise<string> {
    for (const port of this.#ports.httpPorts()) {
      const table = await fetch(`http://127.0.0.1:${port}/ranks?group=recorded`, {
        signal: AbortSignal.timeout(200),
      }).then(
        async answer => answer.text(),
        () => '',
      );
      const leader = /^0 +(\S+)/m.exec(table)?.[1];
      if (leader !== undefined) return leader;
    }
    return '';
  }
}
