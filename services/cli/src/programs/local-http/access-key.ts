import { hash, randomBytes, timingSafeEqual } from 'node:crypto';

/** The key in RANKD_HTTP_KEY. Every request needs it, except those that only read. Each start of the program gets a new key. */
export class AccessKey {
  #secret = newSecret();

  /** The key of the last start. */
  get secret(): string {
    return this.#secret;
  }

  /** Makes a new key for a program that starts. The earlier key is no longer accepted. */
  replace(): void {
    this.#secret = newSecret();
  }

  /** Whether the header `Authorization` has the key. The comparison takes the same time for every key. */
  isIn(authorization: string | undefined): boolean {
    const given = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1] ?? '';
    return timingSafeEqual(digestOf(given), digestOf(this.#secret));
  }
}

function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

function digestOf(secret: string): Buffer {
  return hash('sha256', secret, 'buffer');
}
