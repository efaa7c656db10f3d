/** Starts the servers of scripts/attack. */

import { type LaunchedServer, launchServer } from '../../processes/launch-server.js';
import { launchRedis } from '../../redis/launch-redis.js';

/** The servers of an attack. */
export interface AttackedServers {
  readonly servers: readonly LaunchedServer[];
  readonly dispose: () => Promise<void>;
}

/** Starts a cluster of `count` built servers and a Redis for it. If `count` is 0, starts one built server without Redis. */
export async function launchAttacked(
  repository: string,
  count: number,
  env: Readonly<Record<string, string>>,
): Promise<AttackedServers> {
  const servers: LaunchedServer[] = [];
  const redis = count === 0 ? undefined : await launchRedis({ args: ['--appendonly', 'yes'] });
  const clusterEnv =
    redis === undefined ? {} : { RANKD_MODE: 'cluster', RANKD_SHARDS: '2', RANKD_REDIS_URL: redis.url };
  const dispose = async (): Promise<void> => {
    await Promise.all(servers.map(async ({ childProcess }) => await childProcess.dispose()));
    await redis?.dispose();
  };
  try {
    for (let index = 0; index < Math.max(1, count); index += 1) {
      servers.push(await launchServer(repository, { ...clusterEnv, ...env }, { linesMax: 100 }));
    }
  } catch (error) {
    await dispose();
    throw error;
  }
  return { servers, dispose };
}
