import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { repository } from '@rankd/testkit';
import { imagesHere, prometheusImage, shippedPrometheus } from './prometheus-image.js';

const run = promisify(execFile);
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

/** Whether a Docker engine answers. */
export function engineAnswers(): boolean {
  return spawnSync('docker', ['info'], { stdio: 'ignore', timeout: 15_000 }).status === 0;
}

export const PROMETHEUS_IMAGE = prometheusImage(process.env['PROMETHEUS_IMAGE'], shippedPrometheus, imagesHere());

/** Runs promtool from the Prometheus image, in the directory docs/prometheus. */
export function promtool(
  args: readonly string[],
  input = '',
): { readonly status: number | null; readonly says: string } {
  const files = ['-v', `${join(repository, 'docs/prometheus')}:/etc/prometheus:ro`, '-w', '/etc/prometheus'];
  const empty = ['-v', '/dev/null:/run/secrets/rankd-http-token:ro'];
  const container = ['run', '--rm', '-i', ...files, ...empty, '--entrypoint', 'promtool', PROMETHEUS_IMAGE];
  const { status, stdout, stderr } = spawnSync('docker', [...container, ...args], { input, encoding: 'utf8' });
  return { status, says: stdout + stderr };
}

export interface Container {
  readonly name: string;
  readonly status: string;
  readonly exitCode: number;
}

/** A Compose project of the repository's files (docker-compose.yml by default), with its own ports. */
export class ComposeProject {
  readonly #name: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #files: readonly string[];

  constructor(name: string, env: Readonly<Record<string, string>>, { files = [] }: { files?: readonly string[] } = {}) {
    this.#name = name;
    this.#files = files.flatMap(file => ['--file', file]);
    // Port 0 is any free port, so that a fleet that already runs here does not conflict.
    const ports = { RANKD_PUBLISH_PORT: '0', RANKD_PUBLISH_HTTP_PORT: '0', PROMETHEUS_PUBLISH_PORT: '0' };
    this.#env = { ...process.env, ...ports, PROMETHEUS_IMAGE, ...env };
  }

  /** Runs `docker compose …` in this project. Resolves with its standard output. */
  async compose(...args: string[]): Promise<string> {
    return this.#docker('compose', '-p', this.#name, ...this.#files, '--profile', 'observability', ...args);
  }

  /** `docker kill` or `docker start` of one replica. */
  async replica(verb: 'kill' | 'start', replica: string): Promise<void> {
    await this.#docker(verb, this.#container(replica));
  }

  /** The log of a container, with standard error. */
  async log(replica: string): Promise<string> {
    const { stdout, stderr } = await run('docker', ['logs', this.#container(replica)], { maxBuffer: OUTPUT_BYTES_MAX });
    return stdout + stderr;
  }

  /** The side port of one of the servers. */
  async httpUrl(index = 1): Promise<string> {
    return `http://${await this.#published('server', 9464, index)}`;
  }

  async prometheusUrl(): Promise<string> {
    return `http://${await this.#published('prometheus', 9090)}`;
  }

  /** The published port for members. */
  async memberPort(): Promise<number> {
    return Number((await this.#published('server', 2700)).split(':').at(-1));
  }

  async redis(...args: string[]): Promise<string[]> {
    return (await this.compose('exec', '-T', 'redis', 'redis-cli', ...args)).trim().split('\n');
  }

  /** All containers of the project, also the stopped ones. */
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

  /** The answer of `docker inspect`, which shows how a container is confined. */
  async inspect(replica: string): Promise<unknown> {
    const inspected = JSON.parse(await this.#docker('inspect', this.#container(replica))) as unknown[];
    return inspected[0];
  }

  async #published(service: string, port: number, index = 1): Promise<string> {
    return (await this.compose('port', '--index', String(index), service, String(port))).trim();
  }

  #container(replica: string): string {
    return `${this.#name}-${replica}`;
  }

  async #docker(...args: string[]): Promise<string> {
    const { stdout } = await run('docker', args, { cwd: repository, env: this.#env, maxBuffer: OUTPUT_BYTES_MAX });
    return stdout;
  }
}
