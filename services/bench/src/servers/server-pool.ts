/** The servers of a run. */

import { BenchError } from './child.js';
import { waitUntilIdle } from '../machine/wait-until-idle.js';
import { startCompetitor } from './competitors.js';
import type { ServerKind } from '../node-load/probe.js';
import { startRankd } from './rankd.js';
import type { Server } from './server.js';
import { has, type ToolName } from './tools.js';
import type { BenchContext } from '../bench-context.js';

/** The tool that must be installed to measure a kind of server. */
const needs: Partial<Record<ServerKind, ToolName>> = {
  nats: 'nats-server',
  redis: 'redis-server',
  mosquitto: 'mosquitto',
  'c-limit': 'gcc',
};

/** Keeps one server of each kind running between measurements. */
export class ServerPool {
  readonly #context: BenchContext;
  readonly #servers = new Map<ServerKind, Server>();

  constructor(context: BenchContext) {
    this.#context = context;
  }

  /**
   * Returns the running server of a kind, or starts one. With `isFresh`, ends the running one first.
   * @throws BenchError
   */
  async get(kind: ServerKind, isFresh: boolean): Promise<Server> {
    const running = this.#servers.get(kind);
    if (running !== undefined && !isFresh) return running;
    await this.drop(kind);
    const server = await this.#start(kind);
    this.#servers.set(kind, server);
    return server;
  }

  /** Resolves when no server is busy, because all servers share a core. */
  async untilIdle(deadlineMs: number): Promise<void> {
    await Promise.all([...this.#servers.values()].map(({ pid }) => waitUntilIdle(pid, deadlineMs)));
  }

  /** Ends a server that may be in a bad state. */
  async drop(kind: ServerKind): Promise<void> {
    const server = this.#servers.get(kind);
    this.#servers.delete(kind);
    await server?.[Symbol.asyncDispose]();
  }

  /** Ends all servers. */
  async dropAll(): Promise<void> {
    for (const kind of [...this.#servers.keys()]) await this.drop(kind);
  }

  async #start(kind: ServerKind): Promise<Server> {
    const tool = needs[kind];
    if (tool !== undefined && !has(this.#context.tools, tool)) throw new BenchError(`${tool} is not installed`);
    return kind === 'rankd' || kind === 'rankd-unmirrored'
      ? await startRankd(this.#context, kind)
      : await startCompetitor(this.#context, kind);
  }
}
