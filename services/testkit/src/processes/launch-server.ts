/** Starts built servers. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChildProcess, type ChildProcessOptions } from './child-process.js';
import { freePort } from './free-port.js';

/** How long a server may take to listen, ms. It is long because a machine that starts many servers at once is slow. */
const LISTENING_MS = 30_000;

/** A built server on free ports. */
export interface LaunchedServer {
  readonly childProcess: ChildProcess;
  readonly port: number;
  readonly httpPort: number;
}

/**
 * Starts the built server. Resolves when it listens.
 * @param folder the root directory of the checkout
 */
export async function launchServer(
  folder: string,
  env: Readonly<Record<string, string>> = {},
  options: Pick<ChildProcessOptions, 'linesMax'> = {},
): Promise<LaunchedServer> {
  // The port is fixed, so that a restarted server can listen on the same port.
  const childProcess = startServer(folder, { RANKD_PORT: String(await freePort()), ...env }, options);
  const { port, httpPort } = await childProcess.event('listening', undefined, LISTENING_MS);
  return { childProcess, port: Number(port), httpPort: Number(httpPort) };
}

/** Starts the built server. Does not wait until it listens. */
export function startServer(
  folder: string,
  env: Readonly<Record<string, string>>,
  options: Pick<ChildProcessOptions, 'linesMax'> = {},
): ChildProcess {
  // The working directory is outside the checkout, so that no .env file changes a test.
  const cwd = join(folder, 'services/server/dist');
  const state = createStateDirectory(env);
  const childProcess = new ChildProcess(process.execPath, [join(cwd, 'main.js')], {
    ...options,
    cwd,
    env: { RANKD_HTTP_PORT: '0', ...(state === undefined ? {} : { RANKD_STATE_DIR: state }), ...env },
  });
  if (state !== undefined) void childProcess.exited.then(() => rmSync(state, { recursive: true, force: true }));
  return childProcess;
}

/** Without a state directory, the first server of a cluster would wait RANKD_REFORM_MS before it creates the cluster. */
function createStateDirectory({
  RANKD_MODE,
  RANKD_STATE_DIR,
  RANKD_REFORM_MS,
}: Readonly<Record<string, string>>): string | undefined {
  const isNeeded = RANKD_MODE === 'cluster' && RANKD_STATE_DIR === undefined && RANKD_REFORM_MS === undefined;
  return isNeeded ? mkdtempSync(join(tmpdir(), 'rankd-state-')) : undefined;
}
