import { join } from 'node:path';
import { freePort } from './free-port.js';
import { ChildProcess, type ChildProcessOptions } from './child-process.js';

/** A machine that starts many at once takes its time. */
const LISTENING_MS = 30_000;

/** A built rank server on free ports. */
export interface LaunchedServer {
  readonly program: ChildProcess;
  readonly port: number;
  readonly httpPort: number;
}

/** Starts the built server and waits until it listens. `repository` is the checkout's root. */
export async function launchServer(
  repository: string,
  env: Readonly<Record<string, string>> = {},
  options: Pick<ChildProcessOptions, 'linesMax'> = {},
): Promise<LaunchedServer> {
  const main = join(repository, 'services/server/dist/main.js');
  const program = new ChildProcess(process.execPath, [main], {
    ...options,
    // Away from the checkout, so that nobody's .env takes part in a test.
    cwd: join(repository, 'services/server/dist'),
    // One that it may come back to.
    env: { RANKD_PORT: String(await freePort()), RANKD_HTTP_PORT: '0', ...env },
  });
  const { port, httpPort } = await program.event('listening', undefined, LISTENING_MS);
  return { program, port: Number(port), httpPort: Number(httpPort) };
}
