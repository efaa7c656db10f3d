import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ChildProcess, eventually } from '@rankd/testkit';
import type { History } from './history.js';
import { Links } from './links.js';
import { readRecordings } from './checks/merge.js';
import { HistoryObserver } from './history-observer.js';

const RECORDER = resolve(__dirname, 'programs/recorder.mjs');
const GROUP = 'recorded';

export interface RecorderOptions {
  readonly names: readonly string[];
  readonly orderEveryMs: number;
  readonly deadlineMs: number;
}

/** A recorder's process and its links. */
export interface Recorder {
  readonly names: readonly string[];
  readonly program: ChildProcess;
  readonly links: Links;
}

/** Recorder processes, each with its own links to every server, and an observer of the same group. */
export class RecordedFleet {
  readonly recorders: Recorder[] = [];
  readonly #directory = mkdtempSync(join(tmpdir(), 'rankd-history-'));
  readonly #observer: HistoryObserver;
  readonly #ports: readonly number[];
  readonly #seed: number;
  readonly #paths: string[] = [];
  readonly #killed = new Set<string>();

  /** `ports`: of one server, or of several servers of one cluster. */
  constructor(ports: readonly number[], seed: number) {
    this.#ports = ports;
    this.#seed = seed;
    this.#observer = new HistoryObserver(ports, GROUP);
    this.#observer.start();
  }

  async add({ names, orderEveryMs, deadlineMs }: RecorderOptions): Promise<Recorder> {
    const links = await Links.open(this.#ports, this.#paths.length);
    const path = join(this.#directory, `${names[0] ?? ''}.records`);
    // The process may be killed before it writes anything.
    writeFileSync(path, '');
    this.#paths.push(path);
    const options = { group: GROUP, names, seed: this.#seed + this.#paths.length, orderEveryMs, deadlineMs };
    const args = [RECORDER, links.url, JSON.stringify(options), path];
    const recorder = { names, links, program: new ChildProcess(process.execPath, args) };
    this.recorders.push(recorder);
    return recorder;
  }

  async seated(): Promise<void> {
    for (const { program } of this.recorders) await program.event('seated', undefined, 20_000);
  }

  /** Waits until the observer has seen `count` changes of this kind in one epoch. */
  async observed(kind: string, count: number): Promise<void> {
    const seen = (): true | undefined => (this.#observer.count(kind) >= count ? true : undefined);
    await eventually(20_000, `${count} changes of kind ${kind}`, () => Promise.resolve(seen()));
  }

  /** Waits until the recorder's commands end, and makes it leave. */
  async retire(recorder: Recorder): Promise<void> {
    this.recorders.splice(this.recorders.indexOf(recorder), 1);
    recorder.program.kill('SIGUSR1');
    await recorder.program.event('quiet', undefined, 20_000);
    recorder.program.kill('SIGTERM');
    await recorder.program.exited;
    await recorder.links.dispose();
  }

  async kill(recorder: Recorder): Promise<void> {
    recorder.names.forEach(name => this.#killed.add(name));
    this.recorders.splice(this.recorders.indexOf(recorder), 1);
    recorder.program.kill('SIGKILL');
    await recorder.program.exited;
    await recorder.links.dispose();
  }

  /** Waits until every command ends, and makes all members leave. Returns everything that they recorded. */
  async history(): Promise<History> {
    for (const { program } of this.recorders) program.kill('SIGUSR1');
    for (const { program } of this.recorders) await program.event('quiet', undefined, 20_000);
    const testimonies = await this.#observer.stop();
    for (const { program } of this.recorders) program.kill('SIGTERM');
    await Promise.all(this.recorders.map(async ({ program }) => program.exited));
    return { recordings: readRecordings(this.#paths), testimonies, killed: this.#killed };
  }

  async dispose(): Promise<void> {
    await this.#observer.stop();
    for (const { program, links } of this.recorders) {
      await program.dispose();
      await links.dispose();
    }
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
