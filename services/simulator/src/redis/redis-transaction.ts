import type { Argument, Command } from './run-command.js';

/** A MULTI/EXEC transaction of a simulated Redis: commands that run together. */
export class RedisTransaction {
  readonly #run: (commands: readonly Command[]) => Promise<unknown>;
  readonly #commands: Command[] = [];

  constructor(run: (commands: readonly Command[]) => Promise<unknown>) {
    this.#run = run;
  }

  hsetnx(...args: Argument[]): this {
    return this.#add('hsetnx', args);
  }

  hmget(...args: Argument[]): this {
    return this.#add('hmget', args);
  }

  async exec(): Promise<unknown> {
    return await this.#run(this.#commands);
  }

  #add(name: Command['name'], args: readonly Argument[]): this {
    this.#commands.push({ name, args });
    return this;
  }
}
