/** Hashes and comparisons of secrets. */

import { hash, timingSafeEqual } from 'node:crypto';

/** Returns the SHA-256 of a secret in base64url. The server stores and compares the digest in place of the secret. */
export function secretDigest(secret: string | Buffer): string {
  return hash('sha256', secret, 'base64url');
}

/** Compares two secrets by their digests, so that neither the duration nor a length reveals anything about `expected`. */
export function isSameSecret(given: string | Buffer, expected: string): boolean {
  return timingSafeEqual(Buffer.from(secretDigest(given)), Buffer.from(secretDigest(expected)));
}
