import { execFile, spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const repository = resolve(__dirname, '../../../..');
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

/** Is there an engine that answers? */
export function engineAnswers(): boolean {
  return spawnSync('docker', ['info'], { stdio: 'ignore', timeout: 15_000 }).status === 0;
}

/** What promtool, in Prometheus' own image, says against these metrics; nothing where it accepts them. */
export function promtoolComplaints(metrics: string): string {
  const image = 'prom/prometheus:v2.53.3';
  const args = ['run', '--rm', '-i', '--entrypoint', 'promtool', image, 'check', 'metrics'];
  const { status, stdout, stderr } = spawnSync('docker', args, { input: metrics, encoding: 'utf8' });
  return status === 0 ? '' : `exit ${status}: ${stdout}${stderr}`;
}

export interface Container {
  readonly name: string;
  readonly status: string;
  readonly exitCode: number;
}

/** One Compose project of the repository's docker-compose.yml, with ports of its own. */
export class ComposeProject {
  readonly #name: string;
  readonly #env: NodeJS.ProcessEnv;

  constructor(name: string, env: Readonly<Record<string, string>>) {
    this.#name = name;
    // Port 0: any free one, so that a fleet that already runs here is in nobody's way.
    this.#env = { ...process.env, RANKD_PUBLISH_PORT: '0', RANKD_PUBLISH_HTTP_PORT: '0', ...env };
  }

  /** `docker compose …` in this project; what it printed on standard output. */
  async compose(...args: string[]): Promise<string> {
    return this.#docker('compose', '-p', this.#name, ...args);
  }

  /** `docker kill` or `docker start` of one replica. */
  async replica(verb: 'kill' | 'start', replica: string): Promise<void> {
    await this.#docker(verb, this.#container(replica));
  }

  /** Everything a container has logged, standard error included. */
  async log(replica: string): Promise<string> {
    const { stdout, stderr } = await run('docker', ['logs', this.#container(replica)], { maxBuffer: OUTPUT_BYTES_MAX });
    return stdout + stderr;
  }

  async httpUrl(): Promise<string> {
    return `http://${(await this.compose('port', 'server', '9464')).trim()}`;
  }

  async redis(...args: string[]): Promise<string[]> {
    return (await this.compose('exec', '-T', 'redis', 'redis-cli', ...args)).trim().split('\n');
  }

  /** Every container of the project, the stopped ones too. */
  async containers(): Promise<Container[]> {
    const ids = (await this.compose('ps', '--all', '--quiet')).trim().split('\n');
    const inspected = JSON.parse(await this.#docker('inspect', ...ids)) as {
      readonly Name: string;
      readonly State: { readonly Status: string; readonly ExitCode: number };
    }[];
    return inspected.map(({ Name, State }) => ({
      name: Name.slice(1),
      status: State.Status,
      exitCode: State.ExitCode,
    }));
  }

  /** Docker's own account of a container: how it is confined. */
  async inspect(replica: string): Promise<unknown> {
    const inspected = JSON.parse(await this.#docker('inspect', this.#container(replica))) as unknown[];
    return inspected[0];
  }

  #container(replica: string): string {
    return `${this.#name}-${replica}`;
  }

  async #docker(...args: string[]): Promise<string> {
    const { stdout } = await run('docker', args, { cwd: repository, env: this.#env, maxBuffer: OUTPUT_BYTES_MAX });
    return stdout;
  }
}
