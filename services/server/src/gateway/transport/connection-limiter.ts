/** Limits the open connections of each address (RANKD_CONNECTIONS_PER_IP_MAX); 0 for no limit. */
export class ConnectionLimiter {
  readonly #open = new Map<string, number>();
  readonly #perAddressMax: number;

  constructor(perAddressMax: number) {
    this.#perAddressMax = perAddressMax;
  }

  /** Returns false if `host` is over its limit. The connection counts all the same, until it is removed. */
  addConnection(host: string): boolean {
    const count = (this.#open.get(host) ?? 0) + 1;
    this.#open.set(host, count);
    return this.#perAddressMax === 0 || count <= this.#perAddressMax;
  }

  removeConnection(host: string): void {
    const count = (this.#open.get(host) ?? 0) - 1;
    if (count > 0) this.#open.set(host, count);
    else this.#open.delete(host);
  }
}
