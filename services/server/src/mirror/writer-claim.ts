/** The claim in `p:writer`: which server writes the mirror (docs/operations/redis.md). */

import { Type, type Static } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';

/** How often a server renews its claim. */
export const CLAIM_RENEW_MS = 5000;
/** How long a claim stays in Redis after its last renewal. */
export const CLAIM_EXPIRE_MS = 15_000;
/** Epochs are milliseconds since 1970. A larger number was not written by a server. */
export const EPOCH_MAX = 2 ** 52;

const claimSchema = Type.Object({
  /** The random name of one run of a server. */
  incarnation: Type.String({ minLength: 1, maxLength: 64 }),
  epoch: Type.Integer({ minimum: 1, maximum: EPOCH_MAX }),
  /** The server's name for people. */
  server: Type.String({ maxLength: 256 }),
});

/** A server's claim to write the mirror. If two servers claim it, the one with the larger epoch writes. */
export type WriterClaim = Static<typeof claimSchema>;

/** The claim that was found at `p:writer`. */
export interface WriterSighting {
  /** The claim of another server; undefined if there is none. */
  readonly other: WriterClaim | undefined;
  /** The time until that claim expires, ms. Negative if it never expires. */
  readonly ttlMs: number;
}

/** Parses a stored claim. Returns undefined if it is not a claim that a server writes. */
export function parseWriterClaim(text: string | null): WriterClaim | undefined {
  try {
    const claim: unknown = JSON.parse(text ?? '');
    if (!Value.Check(claimSchema, claim)) return undefined;
    const { incarnation, epoch, server } = claim;
    return { incarnation, epoch, server };
  } catch {
    return undefined;
  }
}
