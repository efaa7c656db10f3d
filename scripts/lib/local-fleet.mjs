import { setTimeout as sleep } from 'node:timers/promises';
import { FleetProcess } from './fleet-process.mjs';
import { fleetPrograms, loopback } from './fleet-programs.mjs';
import { isReady } from './is-ready.mjs';
import { onInterrupts } from './interrupts.mjs';
import { createLinePrinter } from './line-printer.mjs';
import { complaintsAboutPorts, portFrom } from './ports.mjs';
import { readSettings } from './settings.mjs';
import { startGuardian } from './start-guardian.mjs';
import { complain, sayWhere, sayStopping } from './terminal.mjs';

const serverStartMs = 30_000;

/** The fleet as processes of this machine. Returns the exit code, once all of it has ended. */
export async function runLocalFleet({ clients, hasRedis }) {
  const settings = readSettings();
  const port = await portFrom(settings.RANKD_PORT, 2700);
  const httpPort = await portFrom(settings.RANKD_HTTP_PORT, 9464);
  const complaints = await complaintsAboutPorts({ RANKD_PORT: port, RANKD_HTTP_PORT: httpPort });
  complaints.forEach(complain);
  if (complaints.length > 0) return 1;

  const guardian = await startGuardian();
  const programs = await fleetPrograms({ settings, port, httpPort, clients, hasRedis, scratch: guardian.scratch });
  const fleet = new LocalFleet(programs, guardian);
  onInterrupts({
    stop: () => {
      sayStopping();
      void fleet.stop();
    },
    kill: () => fleet.kill(),
  });
  return fleet.run(`http://${loopback}:${httpPort}`);
}

class LocalFleet {
  #redis;
  #server;
  #clients;
  #all;
  #stopped;

  constructor({ redis, server, clients }, guardian) {
    const all = [redis, server, ...clients].filter(program => program !== undefined);
    const printer = createLinePrinter(all.map(({ name }) => name));
    const create = program => new FleetProcess(program, { guardian, print: printer(program.name) });
    this.#redis = redis && create(redis);
    this.#server = create(server);
    this.#clients = clients.map(create);
    this.#all = [this.#redis, this.#server, ...this.#clients].filter(process => process !== undefined);
  }

  /** Starts it and waits until it has been stopped. 0 if it came up and nothing had to be killed. */
  async run(url) {
    const fault = await this.#start(url);
    if (fault !== undefined) {
      complain(`the server did not start: ${fault}`);
      await this.stop();
      return 1;
    }
    await Promise.all(this.#all.map(process => process.keptRunning));
    await this.#stopped;
    return this.#all.some(({ killed }) => killed) ? 1 : 0;
  }

  /** Clients first, so that none sees its server go; Redis last, for the server's last words. */
  stop() {
    for (const process of this.#all) process.wanted = false;
    const stop = async () => {
      await Promise.all(this.#clients.map(client => client.stop()));
      await this.#server.stop();
      await this.#redis?.stop();
    };
    return (this.#stopped ??= stop());
  }

  kill() {
    for (const process of this.#all) process.kill();
  }

  /** Why the server did not come up; undefined if it did, or was stopped meanwhile. */
  async #start(url) {
    this.#redis?.keepRunning();
    const ended = this.#server.start();
    const fault = await Promise.race([ended.then(how => `it exited with ${how}`), this.#untilReady(url)]);
    if (this.#stopped !== undefined) return undefined;
    if (fault !== undefined) return fault;
    this.#server.keepRunning();
    sayWhere(url);
    for (const client of this.#clients) client.keepRunning();
    return undefined;
  }

  async #untilReady(url) {
    for (const deadline = Date.now() + serverStartMs; Date.now() < deadline; await sleep(50)) {
      if (!this.#server.running || (await isReady(url))) return undefined;
    }
    return `${url}/readyz does not say that it is ready after ${serverStartMs / 1000} s`;
  }
}
