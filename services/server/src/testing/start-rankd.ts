/** Starts a server in a process of its own, on free ports. */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** How a server is started for tests. */
export interface StartRankdOptions {
  /**
   * Settings of the server: the environment variables that docs/configuration.md lists, such as `{ RANKD_MEMBERS_MAX: '3' }`. The server gets
   * no RANKD_ variable of the tests' own environment, and reads no .env file.
   */
  readonly settings?: Readonly<Record<string, string>>;
  /** How long the server may take to listen, ms. Default: 10,000. */
  readonly startTimeoutMs?: number;
}

/** A server that was started for tests. `await using` stops it. */
export interface StartedRankd extends AsyncDisposable {
  /** The address for members: `rankd://127.0.0.1:PORT`. */
  readonly url: string;
  /** The address of the side port: `http://127.0.0.1:PORT`. */
  readonly httpUrl: string;
  readonly port: number;
  readonly httpPort: number;
  /** The id of the server's process, for example to stop it with SIGSTOP. */
  readonly pid: number;
  /**
   * Ends the server. SIGTERM (the default) drains it as a deployment does. SIGKILL ends it at once. Resolves when the process has ended.
   * A further call waits for the same end.
   */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

/** How much of the end of the server's output an error contains, characters. */
const OUTPUT_CHARS_MAX = 4096;

/**
 * Starts a server in a process of its own on free ports of 127.0.0.1. Resolves when it listens. The server ends when the process of the
 * tests ends, however that happens.
 * @throws Error with the output of the server if it exits before it listens, for example because a setting is invalid, or if it does not
 * listen within `startTimeoutMs`.
 */
export async function startRankd({
  settings = {},
  startTimeoutMs = 10_000,
}: StartRankdOptions = {}): Promise<StartedRankd> {
  const child = startProcess(settings);
  const exited = once(child, 'exit').then(() => undefined);
  const stop = async (signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> => {
    child.kill(signal);
    await exited;
  };
  try {
    const { port, httpPort } = await listening(child, startTimeoutMs);
    return {
      url: `rankd://127.0.0.1:${port}`,
      httpUrl: `http://127.0.0.1:${httpPort}`,
      port,
      httpPort,
      pid: child.pid ?? 0,
      stop,
      [Symbol.asyncDispose]: () => stop(),
    };
  } catch (error) {
    await stop('SIGKILL');
    throw error;
  }
}

function startProcess(settings: Readonly<Record<string, string>>): ChildProcess {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(RANKD|LOG)_/.test(name));
  return fork(new URL('./server-process.js', import.meta.url), {
    // Outside the user's project, so that its .env changes no test.
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    env: { ...Object.fromEntries(inherited), RANKD_PORT: '0', RANKD_HTTP_PORT: '0', ...settings, LOG_FORMAT: 'json' },
    // The options of the tests' own process, such as --inspect, are not for the server.
    execArgv: [],
    silent: true,
  });
}

interface Ports {
  readonly port: number;
  readonly httpPort: number;
}

/** Resolves with the ports that the server logs when it listens. Its later output is read and dropped. */
async function listening(child: ChildProcess, timeoutMs: number): Promise<Ports> {
  let output = '';
  const signal = AbortSignal.timeout(timeoutMs);
  return new Promise((resolve, reject) => {
    const fail = (what: string): void => reject(new Error(`the server ${what}:\n${output.trim() || 'no output'}`));
    signal.addEventListener('abort', () => fail(`does not listen within ${timeoutMs} ms`));
    child.once('error', error => reject(error));
    child.once('close', code => fail(`exited with ${code} before it listened`));
    for (const input of [child.stdout, child.stderr]) {
      if (input === null) continue;
      createInterface({ input }).on('line', line => {
        output = `${output}${line}\n`.slice(-OUTPUT_CHARS_MAX);
        const ports = portsOf(line);
        if (ports !== undefined) resolve(ports);
      });
    }
  });
}

function portsOf(line: string): Ports | undefined {
  if (!line.includes('"listening"')) return undefined;
  const { event, port, httpPort } = JSON.parse(line) as Record<string, unknown>;
  return event === 'listening' ? { port: Number(port), httpPort: Number(httpPort) } : undefined;
}
