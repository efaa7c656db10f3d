// Starts a fleet: see the usage in lib/fleet/up-arguments.mjs. It imports only Node's own modules: packages may not be installed yet.
import { dockerAnswers, prepareContainers, runDockerFleet } from './lib/fleet/docker-fleet.mjs';
import { build, ensureInstalled, ensureProgram, PreparationError } from './lib/install.mjs';
import { runLocalFleet } from './lib/fleet/local-fleet.mjs';
import { complain, say } from './lib/terminal.mjs';
import { parseUpArguments, usage, UsageError } from './lib/fleet/up-arguments.mjs';

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof UsageError) {
    process.stderr.write(`rankd: ${error.message}\n\n${usage}\n`);
    process.exitCode = 2;
  } else if (error instanceof PreparationError) {
    complain(`${error.message}\n${error.output}`);
    process.exitCode = 1;
  } else throw error;
}

async function main(args) {
  const { help, size, way } = parseUpArguments(args);
  if (help) {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  if (way === 'local') return upLocal(size);
  if (await dockerAnswers()) return upDocker(size, way);
  if (way === 'docker') {
    complain('no Docker engine with Compose answers (docker info, docker compose version): start it, or use --local');
    return 1;
  }
  say('no Docker engine answers: running as local processes');
  return upLocal(size);
}

async function upDocker(size, way) {
  const fault = await prepareContainers(size);
  if (fault === undefined) return runDockerFleet(size);
  if (fault.pulling && way === 'any') {
    say('the base images cannot be pulled: running as local processes');
    return upLocal(size);
  }
  complain(fault.reason);
  return 1;
}

async function upLocal({ servers, clients }) {
  await ensureInstalled();
  await build();
  const hasRedis = await ensureProgram('redis-server');
  if (!hasRedis && servers > 1) {
    complain('redis-server is not installed, and --cluster needs it: install redis-server');
    return 1;
  }
  if (!hasRedis) say('redis-server is not installed: running without the mirror');
  return runLocalFleet({ servers, clients, hasRedis });
}
