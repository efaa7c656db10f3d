/** Starts a real Redis. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChildProcess } from '../processes/child-process.js';
import { freePort } from '../processes/free-port.js';

/** A real redis-server on a free port of loopback, with a temporary directory. */
export interface LaunchedRedis {
  readonly childProcess: ChildProcess;
  readonly port: number;
  readonly url: string;
  dispose(): Promise<void>;
}

/** Starts a Redis on `port`, or on a free port. It writes nothing to disk unless `args` configure it. */
export async function launchRedis(options: { port?: number; args?: readonly string[] } = {}): Promise<LaunchedRedis> {
  const port = options.port ?? (await freePort());
  const directory = await mkdtemp(join(tmpdir(), 'rankd-redis-'));
  const fixed = ['--port', String(port), '--bind', '127.0.0.1', '--dir', directory, '--save', ''];
  const childProcess = new ChildProcess('redis-server', [...fixed, ...(options.args ?? [])]);
  await childProcess.line(line => line.includes('Ready to accept connections'));
  return {
    childProcess,
    port,
    url: `redis://127.0.0.1:${port}`,
    dispose: async () => {
      await childProcess.dispose();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
