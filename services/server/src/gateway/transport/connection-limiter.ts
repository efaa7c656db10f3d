/** How many connections each address has open (RANKD_CONNECTIONS_PER_IP_MAX); 0 for no limit. */
export class ConnectionLimiter {
  readonly #open = new Map<string, number>();
  readonly #perAddressMax: number;

  constructor(perAddressMax: number) {
    this.#perAddressMax = perAddressMax;
  }

  /** False where `host` has as many as it may; it counts all the same, until it is closed. */
  opened(host: string): boolean {
    const count = (this.#open.get(host) ?? 0) + 1;
    this.#open.set(host, count);
    return this.#perAddressMax === 0 || count <= this.#perAddressMax;
  }

  closed(host: string): void {
    const count = (this.#open.get(host) ?? 0) - 1;
    if (count > 0) this.#open.set(host, count);
    else this.#open.delete(host);
  }
}
