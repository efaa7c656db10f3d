/** The arguments of scripts/up. */

import { parseArgs } from 'node:util';

/** The usage of scripts/up. */
export const usage = `Usage: scripts/up [--cluster] [--scale client=N] [--local | --docker]

Runs the whole job: the server, N clients (3 unless told) and Redis; Ctrl-C ends all of it, a second one at once.

  --cluster          three servers that keep one order in Redis, which has replicas
  --scale client=N   how many clients
  --docker           with Docker Compose, or not at all
  --local            as processes of this machine, without Docker

Without --docker and --local: Docker Compose where a Docker engine answers and has or can pull the base images,
otherwise local processes.`;

/** The number of servers in a cluster. With three, one server may fail while another is being replaced. */
const serversOfCluster = 3;

/** Invalid arguments. The message is for people. */
export class UsageError extends Error {}

/**
 * Parses the arguments.
 * @throws UsageError
 */
export function parseUpArguments(args) {
  const { cluster, scale, local, docker, help } = parse(args);
  if (local && docker) throw new UsageError('--local and --docker exclude each other');
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
  if (count === undefined) throw new UsageError(`--scale takes client=N, not ${scale}: nothing else can be scaled`);
  return Number(count);
}
