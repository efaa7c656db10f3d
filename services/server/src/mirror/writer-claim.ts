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
  /** Names one run of a server. Two runs never have the same one. */
  incarnation: Type.String({ minLength: 1, maxLength: 64 }),
  epoch: Type.Integer({ minimum: 1, maximum: EPOCH_MAX }),
  /** The server's name for people. */
  server: Type.String({ maxLength: 256 }),
});

/** A server's claim to be the one that writes the mirror. Of two servers, the one with the larger epoch writes. */
export type WriterClaim = Static<typeof claimSchema>;

/** What Redis held at `p:writer`. */
export interface WriterSighting {
  /** The claim of another server; undefined if there is none. */
  readonly other: WriterClaim | undefined;
  /** How long until that claim expires; negative if it never does. */
  readonly ttlMs: number;
}

/** Parses a stored claim. Returns undefined if a server would not have written it. */
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
