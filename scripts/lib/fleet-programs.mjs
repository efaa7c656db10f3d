import { freePort } from './ports.mjs';
import { coloured } from './terminal.mjs';

export const loopback = '127.0.0.1';

/**
 * What runs, as { name, command, args, env }: one server, its clients, and a Redis where there is one and the settings name no
 * other. `scratch` is a directory for Redis.
 */
export async function fleetPrograms({ settings, port, httpPort, clients, hasRedis, scratch }) {
  const ownRedis = hasRedis && !settings.RANKD_REDIS_URL && !settings.RANKD_REDIS_URL_FILE;
  const redisPort = ownRedis ? await freePort() : undefined;
  const env = {
    ...process.env,
    LOG_FORMAT: settings.LOG_FORMAT ?? 'pretty',
    // their output is a pipe to us, not the terminal that it ends up on
    ...(coloured && { FORCE_COLOR: '1' }),
  };
  const server = nodeProgram('server', 'services/server/dist/main.js', {
    ...env,
    RANKD_HOST: loopback,
    RANKD_PORT: String(port),
    RANKD_HTTP_HOST: loopback,
    RANKD_HTTP_PORT: String(httpPort),
    ...(ownRedis && { RANKD_REDIS_URL: `redis://${loopback}:${redisPort}` }),
  });
  const clientEnv = {
    ...env,
    RANKD_URL: `${settings.RANKD_TLS_CERT ? 'rankds' : 'rankd'}://${loopback}:${port}`,
    // the fleet's own traffic, so that there is something to watch
    RANKD_COMMAND_EVERY_MS: settings.RANKD_COMMAND_EVERY_MS ?? '5000',
  };
  const client = name => nodeProgram(name, 'services/client/dist/main.js', { ...clientEnv, RANKD_NAME: name });
  return {
    redis: ownRedis ? redisProgram(redisPort, scratch) : undefined,
    server,
    clients: Array.from({ length: clients }, (_, at) => client(`client-${at + 1}`)),
  };
}

function nodeProgram(name, path, env) {
  return { name, command: process.execPath, args: [path], env };
}

/** It keeps nothing: what it mirrors ends with the fleet. */
function redisProgram(port, dir) {
  const options = { port: String(port), bind: loopback, dir, save: '', appendonly: 'no', loglevel: 'warning' };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
  return { name: 'redis', command: 'redis-server', args, env: process.env };
}
