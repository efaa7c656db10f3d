// Runs the examples: starts their processes, prints their lines as Compose does, starts a rankd and a Redis if no URL is given, and
// ends everything. A program that uses rankd does not need this file.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { freePort } from '../services/testkit/dist/index.js';

/** Ten times the longest expected duration on a busy machine, ms. */
const DEADLINE_MS = 60_000;

/** A process, with the lines that it has printed and no call of `says` has returned. */
class Part {
  constructor(label, child, show) {
    this.label = label;
    this.child = child;
    this.lines = [];
    this.waiting = new Set();
    this.exited = new Promise(resolve => {
      child.once('close', (code, signal) => resolve({ code, signal }));
      child.once('error', error => resolve({ code: error.code, signal: null }));
    });
    void this.exited.then(({ code, signal }) => {
      this.ended = `ended (${signal ?? code})`;
      this.#wake();
    });
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', line => {
        show(line);
        this.#take(line);
      });
    }
  }

  /** Resolves with the match of the first line that fits and that no earlier call has returned. */
  async says(pattern) {
    const late = AbortSignal.timeout(DEADLINE_MS);
    for (;;) {
      const index = this.lines.findIndex(line => pattern.test(line));
      if (index !== -1) return pattern.exec(this.lines.splice(index, 1)[0]);
      if (late.aborted) throw new Error(`${this.label} did not print ${pattern} within ${DEADLINE_MS} ms`);
      if (this.ended !== undefined) throw new Error(`${this.label} ${this.ended} before it printed ${pattern}`);
      await new Promise(resolve => {
        this.waiting.add(resolve);
        late.addEventListener('abort', resolve, { once: true });
      });
    }
  }

  kill(signal) {
    this.child.kill(signal);
  }

  #take(line) {
    this.lines.push(line);
    this.#wake();
  }

  #wake() {
    for (const look of this.waiting) look();
    this.waiting.clear();
  }
}

class ExampleRun {
  #parts = new Set();
  #directories = [];

  /** Prints a line of the example itself. */
  say(line) {
    show('example', line);
  }

  /** Starts a Node program of the example, in the directory of `here` (its import.meta.url). */
  program(label, here, file, ...args) {
    return this.#start(label, process.execPath, [fileURLToPath(new URL(file, here)), ...args.map(String)]);
  }

  /** Returns the URL in RANKD_URL, or starts a server from the build of this checkout. */
  async rankd(env = {}) {
    if (process.env.RANKD_URL !== undefined) return process.env.RANKD_URL;
    const main = fileURLToPath(new URL('../services/server/dist/main.js', import.meta.url));
    const settings = { RANKD_PORT: '0', RANKD_HTTP_PORT: '0', LOG_FORMAT: 'json', LOG_LEVEL: 'info', ...env };
    const server = this.#start('rankd', process.execPath, [main], settings, line => JSON.parse(line).msg);
    const [, port] = await server.says(/"port":(\d{1,5}),"httpPort":/);
    return `rankd://127.0.0.1:${port}`;
  }

  /** Returns the URL in REDIS_URL, or starts a redis-server that stores nothing on disk. */
  async redis() {
    if (process.env.REDIS_URL !== undefined) return process.env.REDIS_URL;
    const [port, directory] = [await freePort(), await mkdtemp(join(tmpdir(), 'rankd-example-'))];
    this.#directories.push(directory);
    const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', directory, '--save', ''];
    const server = this.#start('redis', 'redis-server', args, {}, () => undefined);
    await server.says(/Ready to accept connections/);
    return `redis://127.0.0.1:${port}`;
  }

  async clear() {
    // In reverse order, so that no process loses another one that it uses.
    for (const { child } of [...this.#parts].reverse()) child.kill('SIGKILL');
    await Promise.all([...this.#parts].map(({ exited }) => exited));
    for (const directory of this.#directories) await rm(directory, { recursive: true, force: true });
  }

  #start(label, command, args, env = {}, told = line => line) {
    const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    const part = new Part(label, child, line => told(line) !== undefined && show(label, told(line)));
    this.#parts.add(part);
    return part;
  }
}

function show(label, line) {
  console.log(`${label.padEnd(9)} | ${line}`);
}

/** Runs an example and exits with the code that `play` returns. No process of the example continues after this one. */
export async function runExample(play) {
  const example = new ExampleRun();
  const interrupted = new Promise(resolve => process.once('SIGINT', () => resolve(130)));
  try {
    process.exitCode = await Promise.race([play(example), interrupted]);
  } catch (error) {
    example.say(String(error));
    process.exitCode = 1;
  } finally {
    await example.clear();
  }
  process.exit();
}
