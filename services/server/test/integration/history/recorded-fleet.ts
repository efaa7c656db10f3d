import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ChaosProxy, Program } from '@rankd/testkit';
import type { History } from './history.js';
import { readRecordings } from './merge.js';
import { Witness } from './witness.js';

const RECORDER = resolve(__dirname, 'programs/recorder.mjs');
const GROUP = 'recorded';

export interface RecorderOptions {
  readonly names: readonly string[];
  readonly orderEveryMs: number;
  readonly deadlineMs: number;
}

/** A recorder's process, and how it is connected. */
export interface Recorder {
  readonly names: readonly string[];
  readonly program: Program;
  readonly proxy: ChaosProxy;
}

/** Processes that record, each behind a proxy of its own, and the observer of the same group. */
export class RecordedFleet {
  readonly recorders: Recorder[] = [];
  readonly #directory = mkdtempSync(join(tmpdir(), 'rankd-history-'));
  readonly #witness: Witness;
  readonly #port: number;
  readonly #seed: number;
  readonly #paths: string[] = [];
  readonly #killed = new Set<string>();

  constructor(port: number, seed: number) {
    this.#port = port;
    this.#seed = seed;
    this.#witness = new Witness(port, GROUP);
    this.#witness.begin();
  }

  async add({ names, orderEveryMs, deadlineMs }: RecorderOptions): Promise<Recorder> {
    const proxy = await ChaosProxy.open(this.#port);
    const path = join(this.#directory, `${names[0] ?? ''}.records`);
    this.#paths.push(path);
    const options = { group: GROUP, names, seed: this.#seed + this.#paths.length, orderEveryMs, deadlineMs };
    const args = [RECORDER, `rankd://127.0.0.1:${proxy.port}`, JSON.stringify(options), path];
    const recorder = { names, proxy, program: new Program(process.execPath, args) };
    this.recorders.push(recorder);
    return recorder;
  }

  async seated(): Promise<void> {
    for (const { program } of this.recorders) await program.event('seated', undefined, 20_000);
  }

  /** It lets its own commands end and leaves. */
  async retire(recorder: Recorder): Promise<void> {
    this.recorders.splice(this.recorders.indexOf(recorder), 1);
    recorder.program.kill('SIGUSR1');
    await recorder.program.event('quiet', undefined, 20_000);
    recorder.program.kill('SIGTERM');
    await recorder.program.exited;
    await recorder.proxy.dispose();
  }

  async kill(recorder: Recorder): Promise<void> {
    recorder.names.forEach(name => this.#killed.add(name));
    this.recorders.splice(this.recorders.indexOf(recorder), 1);
    recorder.program.kill('SIGKILL');
    await recorder.program.exited;
    await recorder.proxy.dispose();
  }

  /** Lets every command end, then everybody leave; what all of them wrote down. */
  async history(): Promise<History> {
    for (const { program } of this.recorders) program.kill('SIGUSR1');
    for (const { program } of this.recorders) await program.event('quiet', undefined, 20_000);
    const testimonies = await this.#witness.dismiss();
    for (const { program } of this.recorders) program.kill('SIGTERM');
    await Promise.all(this.recorders.map(async ({ program }) => program.exited));
    return { recordings: readRecordings(this.#paths), testimonies, killed: this.#killed };
  }

  async dispose(): Promise<void> {
    await this.#witness.dismiss();
    for (const { program, proxy } of this.recorders) {
      await program.dispose();
      await proxy.dispose();
    }
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
