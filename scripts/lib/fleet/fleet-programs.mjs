/** The programs of a local fleet. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from './ports.mjs';
import { developmentToken } from './settings.mjs';
import { coloured } from '../terminal.mjs';

/** The address of the fleet. */
export const loopback = '127.0.0.1';

/**
 * Returns the programs of the fleet, each { name, command, args, env }: the servers, their clients, and a Redis if it is
 * installed and the settings name none. Several servers are a cluster. `places` are the ports of each server, { port,
 * httpPort }. `scratch` is a directory for Redis.
 */
export async function fleetPrograms({ settings, places, clients, hasRedis, scratch }) {
  const ownRedis = hasRedis && !settings.RANKD_REDIS_URL && !settings.RANKD_REDIS_URL_FILE;
  const isCluster = places.length > 1;
  const redisPort = ownRedis ? await freePort() : undefined;
  const env = {
    ...process.env,
    LOG_FORMAT: settings.LOG_FORMAT ?? 'pretty',
    // The programs write to a pipe, so they cannot detect the terminal on which this script shows their output.
    ...(coloured && { FORCE_COLOR: '1' }),
  };
  const server = ({ port, httpPort }, at) =>
    nodeProgram(isCluster ? `server-${at + 1}` : 'server', 'services/server/dist/main.js', {
      ...env,
      ...developmentToken(),
      RANKD_HOST: loopback,
      RANKD_PORT: String(port),
      RANKD_HTTP_HOST: loopback,
      RANKD_HTTP_PORT: String(httpPort),
      ...(ownRedis && { RANKD_REDIS_URL: `redis://${loopback}:${redisPort}` }),
      ...(isCluster && { RANKD_MODE: 'cluster' }),
      // The Redis is new, so no server has to wait for those of an earlier cluster.
      ...(isCluster && ownRedis && { RANKD_STATE_DIR: stateDirectory(scratch, at) }),
      ...(isCluster && ownRedis && { RANKD_LOG_ACK: settings.RANKD_LOG_ACK ?? 'replicated' }),
    });
  const scheme = settings.RANKD_TLS_CERT ? 'rankds' : 'rankd';
  const clientEnv = {
    ...env,
    // The clients send commands, so that a user sees activity.
    RANKD_COMMAND_EVERY_MS: settings.RANKD_COMMAND_EVERY_MS ?? '5000',
  };
  const urls = places.map(({ port }) => `${scheme}://${loopback}:${port}`);
  const client = at => {
    const name = `client-${at + 1}`;
    // Each client tries a different server first, so that all servers have members.
    const first = at % urls.length;
    const url = [...urls.slice(first), ...urls.slice(0, first)].join(',');
    return nodeProgram(name, 'services/client/dist/main.js', { ...clientEnv, RANKD_URL: url, RANKD_NAME: name });
  };
  return {
    redis: ownRedis ? await redisPrograms(redisPort, scratch, isCluster) : [],
    servers: places.map(server),
    clients: Array.from({ length: clients }, (_, at) => client(at)),
  };
}

function nodeProgram(name, path, env) {
  return { name, command: process.execPath, args: [path], env };
}

/** The log of a cluster is written to disk and replicated. Redis and its replica stop with the fleet. */
async function redisPrograms(port, dir, isCluster) {
  if (!isCluster) return [redisProgram('redis', port, { dir, appendonly: 'no' })];
  const kept = { dir, appendonly: 'yes', 'maxmemory-policy': 'noeviction', 'repl-diskless-sync-delay': '0' };
  const follows = { appenddirname: 'replica', replicaof: `${loopback} ${port}` };
  return [
    redisProgram('redis', port, kept),
    redisProgram('redis-replica', await freePort(), { ...kept, dbfilename: 'replica.rdb', ...follows }),
  ];
}

function redisProgram(name, port, options) {
  const all = { port: String(port), bind: loopback, save: '', loglevel: 'warning', ...options };
  const args = Object.entries(all).flatMap(([option, value]) => [`--${option}`, ...value.split(' ')]);
  return { name, command: 'redis-server', args, env: process.env };
}

function stateDirectory(scratch, at) {
  const directory = join(scratch, `state-${at + 1}`);
  mkdirSync(directory, { recursive: true });
  return directory;
}
