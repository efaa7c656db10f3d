import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ChildProcess, eventually, launchServer, repository, within } from '@rankd/testkit';
import { DEADLINE_MS } from '../fleet.js';
import { type DocBlock, fileOf, moduleName } from './doc-blocks.js';
import { runnable } from './doc-overrides.js';

/** What one block may take on a busy machine. */
const BLOCK_MS = 9 * DEADLINE_MS;

/** What a server says first, in either format of its log. */
const LISTENING = /listening for members on 127\.0\.0\.1:(\d+); page and metrics on port (\d+)/;

/** The run of one page's blocks in their order: each command is a process, and those that stay go on beside the next. */
export class DocPage {
  readonly #clone: string;
  readonly #programs: ChildProcess[] = [];

  /** `clone`: the directory in which they run. */
  constructor(clone: string) {
    this.#clone = clone;
  }

  /** Its first fault, or none. */
  async run(blocks: readonly DocBlock[]): Promise<string[]> {
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
    const url = this.#atServer('rankd://127.0.0.1:2700');
    const env = { RANKD_PORT: '0', RANKD_HTTP_PORT: '0', RANKD_URL: url };
    const options = { cwd: this.#clone, env, ownGroup: true };
    if (block.kind === 'sh') return new ChildProcess('sh', ['-ec', this.#atServer(runnable(block.text))], options);
    const module = `${moduleName(block)}.js`;
    this.#write(module, this.#atServer(readFileSync(join(this.#clone, module), 'utf8')));
    return new ChildProcess(process.execPath, ['--enable-source-maps', module], options);
  }

  /** Undefined once any of the page's commands has said it, past what it had said before; else why none will. */
  async #said(until: string, last: ChildProcess, heard: readonly number[]): Promise<string | undefined> {
    const isSaid = (): boolean =>
      this.#programs.some(({ lines }, at) => lines.slice(heard[at]).some(line => line.includes(until)));
    const fault = (why: string): string =>
      `nothing said ${JSON.stringify(until)} ${why}\n${this.#programs.map(({ output }) => output).join('\n')}`;
    return eventually(BLOCK_MS, until, () => {
      if (isSaid()) return { fault: undefined };
      // Not whether all that it has started has ended as well, as `exited` tells.
      const code = last.child.exitCode;
      return code === null || code === 0 ? undefined : { fault: fault(`before it ended with ${code}`) };
    }).then(
      outcome => outcome.fault,
      () => fault(`within ${BLOCK_MS} ms`),
    );
  }

  /** With the ports of the page's server in place of the default ones, so that nothing depends on which are free. */
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

/** Programs that join at once, or a rankctl, on a page that starts nothing to join. */
function needServer(blocks: readonly DocBlock[]): boolean {
  const starts = ({ kind, text }: DocBlock): boolean =>
    kind === 'sh' && /server\/dist\/main\.js|scripts\/up/.test(text);
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
