/** Rendezvous hashing: every member computes the same owner for a partition, without asking the server. */

import { createHash } from 'node:crypto';

/** A member id with its hash. */
export interface HashedMember {
  readonly member: string;
  /** The first eight bytes of the SHA-256 of the member id, as two numbers of 32 bits. */
  readonly high: number;
  readonly low: number;
}

/** Computes the hash of a member id. */
export function hashMember(member: string): HashedMember {
  const digest = createHash('sha256').update(member).digest();
  return { member, high: digest.readInt32BE(0), low: digest.readInt32BE(4) };
}

/** 2^32 divided by the golden ratio. Multiplying by it spreads small numbers over all 32 bits. */
const GOLDEN = 0x9e37_79b1;

/** Maps each 32-bit number to another one whose bits look random (the finalizer of MurmurHash3). */
function mixBits(bits: number): number {
  let spreading = bits;
  spreading = Math.imul(spreading ^ (spreading >>> 16), 0x85eb_ca6b);
  spreading = Math.imul(spreading ^ (spreading >>> 13), 0xc2b2_ae35);
  return spreading ^ (spreading >>> 16);
}

/** Returns the weight of a member for a partition: an unsigned 32-bit number that looks random for each pair. */
export function weightFor({ high, low }: HashedMember, partition: number): number {
  return mixBits(mixBits(high ^ Math.imul(partition, GOLDEN)) ^ low) >>> 0;
}

/**
 * Returns whether `one` has a larger weight for the partition than `other`. Of equal weights the larger member id wins. The
 * member with the largest weight owns the partition.
 */
export function outweighs(one: HashedMember, other: HashedMember, partition: number): boolean {
  const difference = weightFor(one, partition) - weightFor(other, partition);
  return difference === 0 ? one.member > other.member : difference > 0;
}
