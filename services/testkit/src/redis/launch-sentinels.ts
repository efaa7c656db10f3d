/** Starts real Redis Sentinels. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChildProcess } from '../processes/child-process.js';
import { freePort } from '../processes/free-port.js';

/** A real Redis Sentinel on a free port of loopback. */
export interface LaunchedSentinel {
  readonly childProcess: ChildProcess;
  readonly port: number;
  dispose(): Promise<void>;
}

/** How long a primary must be silent to count as failed, ms. It is short, so that tests need not wait long. */
const DOWN_AFTER_MS = 500;
const FAILOVER_TIMEOUT_MS = 3000;

/** Starts Sentinels that watch the primary at this port under this name. More than half of them must agree that it has failed. */
export async function launchSentinels(count: number, name: string, primaryPort: number): Promise<LaunchedSentinel[]> {
  const quorum = Math.floor(count / 2) + 1;
  const rules = [
    `sentinel monitor ${name} 127.0.0.1 ${primaryPort} ${quorum}`,
    `sentinel down-after-milliseconds ${name} ${DOWN_AFTER_MS}`,
    `sentinel failover-timeout ${name} ${FAILOVER_TIMEOUT_MS}`,
  ];
  return await Promise.all(Array.from({ length: count }, async () => launchSentinel(rules)));
}

/** Starts one Sentinel. It writes what it learns into its configuration file. */
async function launchSentinel(rules: readonly string[]): Promise<LaunchedSentinel> {
  const port = await freePort();
  const directory = await mkdtemp(join(tmpdir(), 'rankd-sentinel-'));
  const file = join(directory, 'sentinel.conf');
  await writeFile(file, [`port ${port}`, 'bind 127.0.0.1', `dir ${directory}`, ...rules, ''].join('\n'));
  const childProcess = new ChildProcess('redis-server', [file, '--sentinel']);
  await childProcess.line(line => line.includes('+monitor master'));
  return {
    childProcess,
    port,
    dispose: async () => {
      await childProcess.dispose();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
