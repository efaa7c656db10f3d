/** Runs a fleet as local processes. */

import { setTimeout as sleep } from 'node:timers/promises';
import { FleetProcess } from './fleet-process.mjs';
import { fleetPrograms, loopback } from './fleet-programs.mjs';
import { isReady } from './is-ready.mjs';
import { createLinePrinter } from './line-printer.mjs';
import { complaintsAboutPorts, portsFrom } from './ports.mjs';
import { readSettings } from './settings.mjs';
import { startProcessWatchdog } from './process-watchdog.mjs';
import { runFleet } from './run-fleet.mjs';
import { complain, sayWhere } from '../terminal.mjs';

const serverStartMs = 30_000;

/** Runs the fleet as processes of this machine. Returns the exit code when all of them have ended. */
export async function runLocalFleet({ servers, clients, hasRedis }) {
  const settings = readSettings();
  const ports = await portsFrom(settings.RANKD_PORT, 2700, servers);
  const httpPorts = await portsFrom(settings.RANKD_HTTP_PORT, 9464, servers);
  const places = ports.map((port, at) => ({ port, httpPort: httpPorts[at] }));
  const checks = places.map(({ port, httpPort }) =>
    complaintsAboutPorts({ RANKD_PORT: port, RANKD_HTTP_PORT: httpPort }),
  );
  const complaints = (await Promise.all(checks)).flat();
  complaints.forEach(complain);
  if (complaints.length > 0) return 1;

  const watchdog = await startProcessWatchdog();
  const programs = await fleetPrograms({ settings, places, clients, hasRedis, scratch: watchdog.scratch });
  const urls = places.map(({ httpPort }) => `http://${loopback}:${httpPort}`);
  return runFleet(new LocalFleet(programs, urls, watchdog));
}

class LocalFleet {
  #redis;
  #servers;
  #clients;
  #all;
  #urls;
  #stopped;

  constructor({ redis, servers, clients }, urls, watchdog) {
    this.#urls = urls;
    const all = [...redis, ...servers, ...clients];
    const printer = createLinePrinter(all.map(({ name }) => name));
    const create = program => new FleetProcess(program, { watchdog, print: printer(program.name) });
    this.#redis = redis.map(create);
    this.#servers = servers.map(create);
    this.#clients = clients.map(create);
    this.#all = [...this.#redis, ...this.#servers, ...this.#clients];
  }

  /** Starts the fleet and waits until it is stopped. Returns 0 if it started and no process had to be killed. */
  async run() {
    const fault = await this.#start();
    if (fault !== undefined) {
      complain(`a server did not start: ${fault}`);
      await this.stop();
      return 1;
    }
    await Promise.all(this.#all.map(process => process.keptRunning));
    await this.#stopped;
    return this.#all.some(({ killed }) => killed) ? 1 : 0;
  }

  /**
   * Stops the fleet: first the clients, so that none loses its server, then the servers, and last Redis, because the servers
   * write to it while they stop.
   */
  stop() {
    for (const process of this.#all) process.wanted = false;
    const stop = async () => {
      await Promise.all(this.#clients.map(client => client.stop()));
      await Promise.all(this.#servers.map(server => server.stop()));
      for (const redis of this.#redis) await redis.stop();
    };
    return (this.#stopped ??= stop());
  }

  kill() {
    for (const process of this.#all) process.kill();
  }

  /** Returns why a server did not start. Undefined if all have started, or if the fleet was stopped. */
  async #start() {
    for (const redis of this.#redis) redis.keepRunning();
    const faults = await Promise.all(this.#servers.map((server, at) => this.#startServer(server, this.#urls[at])));
    if (this.#stopped !== undefined) return undefined;
    const fault = faults.find(each => each !== undefined);
    if (fault !== undefined) return fault;
    for (const server of this.#servers) server.keepRunning();
    this.#urls.forEach(sayWhere);
    for (const client of this.#clients) client.keepRunning();
    return undefined;
  }

  async #startServer(server, url) {
    const ended = server.start();
    return Promise.race([ended.then(how => `it exited with ${how}`), this.#untilReady(server, url)]);
  }

  async #untilReady(server, url) {
    for (const deadline = Date.now() + serverStartMs; Date.now() < deadline; await sleep(50)) {
      if (!server.running || (await isReady(url))) return undefined;
    }
    return `${url}/readyz does not report ready after ${serverStartMs / 1000} s`;
  }
}
