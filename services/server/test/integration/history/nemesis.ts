import { inflict, type Fault } from './faults.js';
import type { RecordedFleet, Recorder } from './recorded-fleet.js';

const CROWD = Array.from({ length: 12 }, (_, index) => `crowd-${index}`);
const PACE = { orderEveryMs: 60, deadlineMs: 700 };

export interface NemesisPorts {
  readonly fleet: RecordedFleet;
  readonly random: () => number;
  /** When a silent member is given up. */
  readonly deadMs: number;
  /** Where servers tell who is who, to a browser. */
  readonly httpPorts: () => readonly number[];
}

/** Does harm to the members of a fleet, and has somebody else come in the place of whoever is killed. */
export class Nemesis {
  readonly #ports: NemesisPorts;
  readonly #suffering = new Set<Recorder>();
  #replaced = 0;

  constructor(ports: NemesisPorts) {
    this.#ports = ports;
  }

  /** Five members that order quickly, each in a process of its own, and twelve in one. */
  async bringFleet(): Promise<void> {
    for (const name of ['ann', 'bob', 'cid', 'dan', 'eve']) await this.#ports.fleet.add({ names: [name], ...PACE });
    await this.#addCrowd();
    await this.#ports.fleet.seated();
  }

  /** Faults overlap: each begins when the one before is half done. Resolves once all are over. */
  async inflictAll(faults: readonly Fault[]): Promise<void> {
    const under: Promise<void>[] = [];
    for (const fault of faults) {
      under.push((await this.#begin(fault)).over);
      await new Promise(done => setTimeout(done, this.#ports.deadMs / 2));
    }
    await Promise.all(under);
  }

  /** Everybody of it at once, and others come. */
  async replaceCrowd(): Promise<void> {
    for (const crowd of this.#ports.fleet.recorders.filter(({ names }) => names.length > 1)) await this.#replace(crowd);
    await this.#ports.fleet.seated();
  }

  /** Somebody who is well begins to suffer. */
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

  /** Who leads now, where that is one of those who are well; else any of them. */
  async #victim(): Promise<Recorder> {
    const { fleet, random } = this.#ports;
    const leader = await this.#leader();
    const healthy = fleet.recorders.filter(each => !this.#suffering.has(each));
    const leaders = healthy.filter(({ names }) => names.includes(leader));
    const victim = leaders[0] ?? healthy[Math.floor(random() * healthy.length)];
    if (victim === undefined) throw new Error('nobody is left to suffer');
    return victim;
  }

  /** As the first server that answers has it. */
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
