/** The arguments of scripts/up. */

import { parseArgs } from 'node:util';

/** The usage of scripts/up. */
export const usage = `Usage: scripts/up [--cluster] [--scale client=N] [--local | --docker]

Runs a fleet: the server, N clients and Redis. Ctrl-C stops it. A second Ctrl-C kills it.

  --cluster          runs three servers that share one order of ranks, on Redis with replicas
  --scale client=N   the number of clients (default: 3)
  --docker           uses Docker Compose, and fails if no Docker engine answers
  --local            runs local processes and skips Docker. Redis is used only if it is installed.

Without --docker and --local: uses Docker Compose if a Docker engine answers and has the base images or can pull them. Otherwise
runs local processes.`;

/** The number of servers in a cluster. With three servers, one may fail while another is being replaced. */
const serversOfCluster = 3;

/** Invalid arguments. The message is for people. */
export class UsageError extends Error {}

/**
 * Parses the arguments.
 * @throws UsageError
 */
export function parseUpArguments(args) {
  const { cluster, scale, local, docker, help } = parse(args);
  if (local && docker) throw new UsageError('--local and --docker exclude each other: give only one');
  const size = { servers: cluster ? serversOfCluster : 1, clients: clientsFrom(scale) };
  return { help, size, way: local ? 'local' : docker ? 'docker' : 'any' };
}

function parse(args) {
  const options = {
    cluster: { type: 'boolean', default: false },
    scale: { type: 'string', default: 'client=3' },
    local: { type: 'boolean', default: false },
    docker: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  };
  try {
    return parseArgs({ args, options, allowPositionals: false }).values;
  } catch (error) {
    throw new UsageError(error.message);
  }
}

function clientsFrom(scale) {
  const count = /^client=(\d{1,4})$/.exec(scale)?.[1];
  if (count === undefined) throw new UsageError(`--scale takes client=N, not ${scale}: only the clients can be scaled`);
  return Number(count);
}
