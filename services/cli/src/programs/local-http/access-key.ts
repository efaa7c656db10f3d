import { hash, randomBytes, timingSafeEqual } from 'node:crypto';

/** RANKD_HTTP_KEY: what a request needs that is not only for reading. It is replaced at each start of the program. */
export class AccessKey {
  #secret = newSecret();

  /** The key of the last start. */
  get secret(): string {
    return this.#secret;
  }

  /** Makes a new key for a program that starts. The key before it is good for nothing from now on. */
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
