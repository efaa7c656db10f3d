/** Runs a fleet in Docker. */

import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { isReady } from './is-ready.mjs';
import { complaintsAboutPorts } from './ports.mjs';
import { root, run, succeeds } from '../run.mjs';
import { startProcessWatchdog } from './process-watchdog.mjs';
import { runFleet } from './run-fleet.mjs';
import { coloured, say, sayWhere } from '../terminal.mjs';

/** Matches the messages of a failed pull: the registry cannot be reached, or refuses. */
const pullFault =
  /failed to resolve (source metadata|reference)|pull access denied|toomanyrequests|no such host|i\/o timeout|TLS handshake timeout|dial tcp|registry-1\.docker\.io|manifest (unknown|for )/i;

/** Returns whether a Docker engine answers. */
export async function dockerAnswers() {
  const { code, output } = await run('docker', ['info', '--format', '{{.ServerVersion}}'], { timeout: 10_000 });
  return code === 0 && output.trim() !== '' && (await succeeds('docker', ['compose', 'version'], { timeout: 10_000 }));
}

/**
 * Builds the images, pulls the Redis image and creates the containers, without starting them. Returns the error as text, or
 * undefined. `pulling` is true if the base images could not be pulled.
 */
export async function prepareContainers(size) {
  const files = filesFor(size);
  const complaints = await complaintsAboutPublishedPorts(files);
  if (complaints.length > 0) return { reason: complaints.join('\n'), pulling: false };
  say('building the images with docker compose (the first time takes a minute) …');
  const { code, output } = await compose(files, ['up', '--no-start', '--build', ...scale(size)]);
  if (code === 0) return undefined;
  return { reason: `docker compose failed:\n${output.trimEnd()}`, pulling: pullFault.test(output) };
}

/** Runs the containers of prepareContainers. Returns the exit code when all of them have stopped. */
export async function runDockerFleet(size) {
  return runFleet(new DockerFleet(size, await startProcessWatchdog()));
}

/**
 * Runs `docker compose up` in the foreground. Stops the fleet with `docker compose stop`, because the effect of a signal differs between
 * versions of Docker, and with and without a terminal.
 */
class DockerFleet {
  #size;
  #files;
  #watchdog;
  #up;
  #ended;
  #stopped;
  #killed = false;

  constructor(size, watchdog) {
    this.#size = size;
    this.#files = filesFor(size);
    this.#watchdog = watchdog;
  }

  async run() {
    // Some versions ignore NO_COLOR.
    const ansi = ['--ansi', coloured ? 'auto' : 'never'];
    const args = ['compose', ...this.#files, ...ansi, 'up', '--no-build', ...scale(this.#size)];
    // It has its own process group, so that Ctrl-C reaches only this script.
    const up = spawn('docker', args, { cwd: root, detached: true, stdio: ['ignore', 'inherit', 'inherit'] });
    this.#up = up;
    this.#watchdog.started(up.pid);
    this.#ended = new Promise(resolve => up.once('close', code => resolve(code ?? 1)));
    void this.#sayWhereOnceReady();

    const code = await this.#ended;
    this.#up = undefined;
    this.#watchdog.ended(up.pid);
    if (this.#stopped === undefined) {
      // Compose has failed and has printed the reason. Stop the containers that it has started.
      await compose(this.#files, ['stop']);
      return code;
    }
    await this.#stopped;
    return this.#killed ? 1 : 0;
  }

  stop() {
    const stop = async () => {
      await compose(this.#files, ['stop']);
      // Wait, because an `up` that is still starting containers starts the rest of them after `stop`.
      await Promise.race([this.#ended, sleep(2000)]);
      if (this.#up === undefined) return;
      this.#signal('SIGTERM');
      await this.#ended;
      await compose(this.#files, ['stop']);
    };
    return (this.#stopped ??= stop());
  }

  async kill() {
    this.#killed = true;
    await compose(this.#files, ['kill']);
  }

  async #sayWhereOnceReady() {
    for (let server = 1; server <= this.#size.servers; await sleep(500)) {
      if (this.#up === undefined || this.#stopped !== undefined) return;
      const url = await pageUrl(this.#files, server);
      if (url === undefined || !(await isReady(url))) continue;
      sayWhere(url);
      server += 1;
    }
  }

  #signal(signal) {
    try {
      process.kill(-this.#up.pid, signal);
    } catch {
      // The process has just ended.
    }
  }
}

function compose(files, args) {
  return run('docker', ['compose', ...files, ...args]);
}

/** Returns the Compose files. For one server there is none, so that Compose also reads docker-compose.override.yml. */
function filesFor({ servers }) {
  return servers > 1 ? ['--file', 'docker-compose.yml', '--file', 'docker-compose.cluster.yml'] : [];
}

function scale({ servers, clients }) {
  return ['--scale', `server=${servers}`, '--scale', `client=${clients}`];
}

/** Returns the URL at which a server's side port is published. Undefined until its container runs. */
async function pageUrl(files, server) {
  const { code, output } = await compose(files, ['port', '--index', String(server), 'server', '9464']);
  const address = output.trim();
  return code === 0 && /:[1-9]\d{0,4}$/.test(address) ? `http://${address}` : undefined;
}

async function complaintsAboutPublishedPorts(files) {
  // If this fleet runs already, its own containers use the ports. Compose takes these containers over.
  const running = await compose(files, ['ps', '--status', 'running', '--quiet', 'server']);
  if (running.code === 0 && running.output.trim() !== '') return [];
  // If the files or .env have faults, Compose reports them later.
  const { code, output } = await compose(files, ['config', '--format', 'json']);
  if (code !== 0) return [];
  const { ports } = JSON.parse(output).services.server;
  const published = target => Number(ports.find(port => port.target === target).published ?? 0);
  return complaintsAboutPorts({ RANKD_PUBLISH_PORT: published(2700), RANKD_PUBLISH_HTTP_PORT: published(9464) });
}
