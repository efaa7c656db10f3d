/** nginx with the configuration of docs/operations/behind-nginx.md. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChildProcess, eventually, freePort, repository } from '@rankd/testkit';

/** Everything that needs a directory is in the test's own, so that nginx needs no rights. */
const SURROUNDINGS = `daemon off;
master_process off;
pid nginx.pid;
error_log stderr;
events {}
`;
const TEMPORARY = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  .map(kind => `${kind}_temp_path ${kind};`)
  .join('\n');

export class Nginx {
  readonly port: number;
  readonly #directory: string;
  readonly #program: ChildProcess;

  private constructor(port: number, directory: string, program: ChildProcess) {
    this.port = port;
    this.#directory = directory;
    this.#program = program;
  }

  /** Starts nginx in front of a side port. Only its port and its certificate differ from the page. */
  static async launch(httpPort: number): Promise<Nginx> {
    const port = await freePort();
    const directory = mkdtempSync(join(tmpdir(), 'rankd-nginx-'));
    const block = readBlock()
      .replace('listen 443 ssl;', `listen 127.0.0.1:${port};`)
      .replaceAll(/^ *(?:ssl_certificate|server_name).*\n/gm, '')
      .replaceAll('127.0.0.1:9464', `127.0.0.1:${httpPort}`)
      .replace('http {', `http {\naccess_log off;\n${TEMPORARY}`);
    writeFileSync(join(directory, 'nginx.conf'), SURROUNDINGS + block);
    const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin`;
    const program = new ChildProcess('nginx', ['-p', directory, '-c', 'nginx.conf', '-e', 'stderr'], { env: { PATH } });
    const answers = async (): Promise<true | undefined> => {
      const answer = await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => undefined);
      return answer?.ok === true ? true : undefined;
    };
    await eventually(10_000, 'nginx', answers).catch((error: unknown) => {
      throw new Error(`nginx does not answer (apt-get install nginx):\n${program.output}`, { cause: error });
    });
    return new Nginx(port, directory, program);
  }

  async dispose(): Promise<void> {
    await this.#program.dispose();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

function readBlock(): string {
  const page = readFileSync(join(repository, 'docs/operations/behind-nginx.md'), 'utf8');
  const block = /```text\n(http \{\n[^]*?)```/.exec(page)?.[1];
  if (block === undefined) throw new Error('docs/operations/behind-nginx.md has no block for the side port');
  return block;
}
