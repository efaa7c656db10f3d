/** Runs the blocks of one page. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ChildProcess, eventually, launchServer, repository, within } from '@rankd/testkit';
import { DEADLINE_MS } from '../fleet.js';
import { type DocBlock, fileOf, moduleName } from './doc-blocks.js';
import { INSTEAD, type Instead, runnable } from './doc-overrides.js';

/** How long one block may take on a busy machine, ms. */
const BLOCK_MS = 9 * DEADLINE_MS;

/** The first log line of a server, in either log format. */
const LISTENING =
  /listening for members on (?:127\.0\.0\.1|0\.0\.0\.0):(\d+)(?: with [^;]+)?; page and metrics on port (\d+)/;

/** Runs the blocks of one page in order. Each command is a process. A process that does not exit continues to run during the next block. */
export class DocPage {
  readonly #clone: string;
  readonly #replacements: readonly Instead[];
  readonly #programs: ChildProcess[] = [];
  /** Whether the page writes the URL of the server into `.env` files. The environment would override it. */
  #hasEnvFiles = false;

  /** @param clone the directory in which the blocks run */
  constructor(clone: string, replacements: readonly Instead[] = INSTEAD) {
    this.#clone = clone;
    this.#replacements = replacements;
  }

  /** Runs the blocks. Returns the first fault, or none. */
  async run(blocks: readonly DocBlock[]): Promise<string[]> {
    this.#hasEnvFiles = blocks.some(({ text }) => /^RANKD_URL=/m.test(text));
    if (needServer(blocks)) this.#programs.push((await launchServer(repository)).childProcess);
    for (const block of blocks) {
      const fault = await this.#runOne(block);
      if (fault !== undefined) return [`${block.page}:${block.line}: ${fault}`];
    }
    return [];
  }

  async dispose(): Promise<void> {
    await Promise.allSettled(this.#programs.map(program => program.dispose()));
  }

  async #runOne(block: DocBlock): Promise<string | undefined> {
    const file = fileOf(block);
    if (file !== undefined) {
      this.#write(file, this.#atServer(block.text));
      return undefined;
    }
    const heard = this.#programs.map(({ lines }) => lines.length);
    const program = this.#start(block);
    this.#programs.push(program);
    return block.until === undefined ? ended(program) : this.#said(block.until, program, heard);
  }

  #start(block: DocBlock): ChildProcess {
    const url = this.#hasEnvFiles ? {} : { RANKD_URL: this.#atServer('rankd://127.0.0.1:2700') };
    // These verbs ask the side port. All other programs are servers, or do not read the variable.
    const httpPort = /rankctl (groups|servers)\b/.test(block.text) ? this.#atServer('127.0.0.1:9464') : ':0';
    const env = { RANKD_PORT: '0', RANKD_HTTP_PORT: httpPort.replace(/^.*:/, ''), ...url };
    const options = { cwd: this.#clone, env, ownGroup: true };
    if (block.kind === 'sh')
      return new ChildProcess('sh', ['-ec', this.#atServer(runnable(block.text, this.#replacements))], options);
    const module = `${moduleName(block)}.js`;
    this.#write(module, this.#atServer(readFileSync(join(this.#clone, module), 'utf8')));
    return new ChildProcess(process.execPath, ['--enable-source-maps', module], options);
  }

  /**
   * Resolves with undefined when any command of the page has printed the text after the block started. Otherwise resolves with
   * the reason why none will.
   */
  async #said(until: string, last: ChildProcess, heard: readonly number[]): Promise<string | undefined> {
    const isSaid = (): boolean =>
      this.#programs.some(({ lines }, at) => lines.slice(heard[at]).some(line => line.includes(until)));
    const fault = (why: string): string =>
      `nothing said ${JSON.stringify(until)} ${why}\n${this.#programs.map(({ output }) => output).join('\n')}`;
    return eventually(BLOCK_MS, until, () => {
      if (isSaid()) return { fault: undefined };
      // Only this process counts, not those that it has started: `exited` waits for those too.
      const code = last.child.exitCode;
      return code === null || code === 0 ? undefined : { fault: fault(`before it ended with ${code}`) };
    }).then(
      outcome => outcome.fault,
      () => fault(`within ${BLOCK_MS} ms`),
    );
  }

  /** Replaces the default ports by those of the page's server, so that the test does not depend on free default ports. */
  #atServer(text: string): string {
    const said = this.#programs.flatMap(({ lines }) => lines.map(line => LISTENING.exec(line)));
    const [, port, httpPort] = said.find(match => match !== null) ?? [];
    if (port === undefined || httpPort === undefined) return text;
    return text.replaceAll('127.0.0.1:2700', `127.0.0.1:${port}`).replaceAll('127.0.0.1:9464', `127.0.0.1:${httpPort}`);
  }

  #write(path: string, text: string): void {
    mkdirSync(dirname(join(this.#clone, path)), { recursive: true });
    writeFileSync(join(this.#clone, path), text);
  }
}

/** Returns whether the blocks join a server, or use rankctl, and start no server. */
function needServer(blocks: readonly DocBlock[]): boolean {
  const starts = ({ kind, text }: DocBlock): boolean =>
    kind === 'sh' && /server\/dist\/main\.js|scripts\/up|npx rankd$/m.test(text);
  const asks = (block: DocBlock): boolean =>
    block.kind === 'ts' ? fileOf(block) === undefined : /^npx rankctl \w/m.test(block.text);
  return blocks.some(asks) && !blocks.some(starts);
}

async function ended(program: ChildProcess): Promise<string | undefined> {
  const exit = await within(BLOCK_MS, 'its end', program.exited).catch(() => undefined);
  if (exit?.code === 0) return undefined;
  const how = exit === undefined ? `did not end within ${BLOCK_MS} ms` : `ended with ${exit.signal ?? exit.code}`;
  return `${how}\n${program.output}`;
}
