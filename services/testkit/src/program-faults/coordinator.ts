/** The servers of a fault run. */

import { type LaunchedServer, launchServer } from '../processes/launch-server.js';
import { freePort } from '../processes/free-port.js';

/** How the servers run. */
export interface CoordinatorOptions {
  /** The root directory of the checkout. */
  readonly repository: string;
  /** How many servers: 1 runs standalone. */
  readonly servers: number;
  readonly env: Readonly<Record<string, string>>;
}

/** Built servers that can be frozen and restarted on their ports. */
export class Coordinator {
  readonly #options: CoordinatorOptions;
  readonly ports: readonly number[];
  readonly #servers: LaunchedServer[] = [];

  private constructor(options: CoordinatorOptions, ports: readonly number[]) {
    this.#options = options;
    this.ports = ports;
  }

  /** Starts the servers. */
  static async start(options: CoordinatorOptions): Promise<Coordinator> {
    const ports = await Promise.all(Array.from({ length: options.servers }, async () => await freePort()));
    const coordinator = new Coordinator(options, ports);
    for (const index of ports.keys()) await coordinator.launch(index);
    return coordinator;
  }

  /** Starts a server on its port. */
  async launch(index: number): Promise<void> {
    const { repository, env } = this.#options;
    const settings = { ...env, RANKD_PORT: String(this.ports[index]) };
    this.#servers[index] = await launchServer(repository, settings, { linesMax: 500 });
  }

  /** Sends a signal to a server. If the signal ends the server, resolves when the server has ended. Otherwise resolves at once. */
  async signal(index: number, signal: NodeJS.Signals): Promise<void> {
    const process = this.#servers[index]?.childProcess;
    process?.kill(signal);
    if (signal === 'SIGKILL' || signal === 'SIGTERM') await process?.exited;
  }

  async dispose(): Promise<void> {
    for (const { childProcess } of this.#servers) childProcess.kill('SIGCONT');
    await Promise.all(this.#servers.map(async ({ childProcess }) => await childProcess.dispose()));
  }
}
