import { execFileSync } from 'node:child_process';
import { chmod, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ChildProcess, eventually, freePort, repository } from '@rankd/testkit';
import { stringify } from 'yaml';
import { PROMETHEUS_IMAGE } from './compose-project.js';

const shipped = resolve(repository, 'docs/prometheus');
/** A minute in the rules becomes a second. */
const HASTE = 60;
const SCRAPE_MS = 200;
const START_MS = 60_000;

export interface FiringAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly state: 'pending' | 'firing';
}

/** A real Prometheus in a container, which scrapes one local server. It uses the shipped rules with shorter durations. */
export class HurriedPrometheus {
  readonly #program: ChildProcess;
  readonly #name: string;
  readonly #directory: string;
  readonly #url: string;

  private constructor(program: ChildProcess, name: string, directory: string, url: string) {
    this.#program = program;
    this.#name = name;
    this.#directory = directory;
    this.#url = url;
  }

  static async launch(target: string): Promise<HurriedPrometheus> {
    const directory = await mkdtemp(join(tmpdir(), 'rankd-prometheus-'));
    // Prometheus runs as another user
    await chmod(directory, 0o755);
    const every = `${SCRAPE_MS}ms`;
    await cp(shipped, directory, { recursive: true });
    await writeFile(join(directory, 'rules.yml'), hurried(await readFile(join(shipped, 'rules.yml'), 'utf8')));
    const config = {
      global: { scrape_interval: every, scrape_timeout: every, evaluation_interval: every },
      rule_files: ['rules.yml'],
      scrape_configs: [{ job_name: 'rankd', static_configs: [{ targets: [target] }] }],
    };
    await writeFile(join(directory, 'prometheus.yml'), stringify(config));
    const port = await freePort();
    const name = `rankd-prometheus-${port}`;
    const options = ['--config.file=/etc/prometheus/prometheus.yml', '--storage.tsdb.path=/prometheus'];
    const container = ['--rm', '--name', name, '--network', 'host', '-v', `${directory}:/etc/prometheus:ro`];
    const program = new ChildProcess('docker', [
      ...['run', ...container, PROMETHEUS_IMAGE],
      ...[...options, `--web.listen-address=127.0.0.1:${port}`],
    ]);
    const started = new HurriedPrometheus(program, name, directory, `http://127.0.0.1:${port}`);
    await started.#untilReady();
    return started;
  }

  async alerts(): Promise<readonly FiringAlert[]> {
    return ((await this.#ask('/api/v1/alerts')) as { alerts: FiringAlert[] }).alerts;
  }

  /** The number of series that the expression returns now. @throws the error that Prometheus reports */
  async count(expression: string): Promise<number> {
    return ((await this.#ask(`/api/v1/query?query=${encodeURIComponent(expression)}`)) as { result: [] }).result.length;
  }

  /** Waits until this alert fires with these labels. */
  async firing(name: string, labels: Readonly<Record<string, string>>): Promise<FiringAlert> {
    const wanted = Object.entries({ ...labels, alertname: name });
    return await eventually(60_000, `${name} ${JSON.stringify(labels)}`, async () =>
      (await this.alerts()).find(
        alert => alert.state === 'firing' && wanted.every(([label, value]) => (alert.labels[label] ?? '') === value),
      ),
    );
  }

  async dispose(): Promise<void> {
    execFileSync('docker', ['rm', '-f', this.#name], { stdio: 'ignore' });
    await this.#program.dispose();
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #untilReady(): Promise<void> {
    await eventually(START_MS, 'Prometheus', async () => {
      if (this.#program.child.exitCode !== null) throw new Error(`Prometheus has ended:\n${this.#program.output}`);
      const answer = await fetch(`${this.#url}/-/ready`).catch(() => undefined);
      return answer?.ok === true ? true : undefined;
    });
  }

  async #ask(path: string): Promise<unknown> {
    const answer = (await (await fetch(`${this.#url}${path}`)).json()) as {
      status: string;
      error?: string;
      data: unknown;
    };
    if (answer.status !== 'success') throw new Error(`${path}: ${answer.error}`);
    return answer.data;
  }
}

/** Divides every duration in the rules (`for: 5m`, `[10m]`) by HASTE. */
export function hurried(rules: string): string {
  const shorter = (_: string, before: string, count: string, unit: string): string =>
    `${before}${(Number(count) * (unit === 'm' ? 60_000 : 1000)) / HASTE}ms`;
  return rules.replace(/(for: |\[)(\d+)(s|m)\b/g, shorter);
}
