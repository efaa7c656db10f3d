import { ChaosProxy, type Direction, type Pace, type Treatment } from '@rankd/testkit';

/** One machine's links to every server. A fault applies to all connections of that machine. */
export class Links {
  readonly #proxies: readonly ChaosProxy[];
  readonly #first: number;

  private constructor(proxies: readonly ChaosProxy[], first: number) {
    this.#proxies = proxies;
    this.#first = first;
  }

  /** `first`: the index of the server that is tried first. */
  static async open(ports: readonly number[], first: number): Promise<Links> {
    return new Links(await Promise.all(ports.map(async port => await ChaosProxy.open(port))), first);
  }

  /** The value of RANKD_URL: all servers, each through its proxy. */
  get url(): string {
    const first = this.#first % this.#proxies.length;
    const turned = [...this.#proxies.slice(first), ...this.#proxies.slice(0, first)];
    return turned.map(({ port }) => `rankd://127.0.0.1:${port}`).join(',');
  }

  treat(direction: Direction, treatment: Treatment): void {
    for (const proxy of this.#proxies) proxy.treat(direction, treatment);
  }

  pace(direction: Direction, pace: Pace): void {
    for (const proxy of this.#proxies) proxy.pace(direction, pace);
  }

  reset(): void {
    for (const proxy of this.#proxies) proxy.reset();
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#proxies.map(async proxy => await proxy.dispose()));
  }
}
