import { createHash } from 'node:crypto';

/** A member as one that partitions are given to. */
export interface HashedMember {
  readonly member: string;
  /** The first eight bytes of the SHA-256 of its member id, as two numbers of 32 bits. */
  readonly high: number;
  readonly low: number;
}

export function hashMember(member: string): HashedMember {
  const digest = createHash('sha256').update(member).digest();
  return { member, high: digest.readInt32BE(0), low: digest.readInt32BE(4) };
}

/** 2^32 divided by the golden ratio: spreads small numbers over all bits. */
const GOLDEN = 0x9e37_79b1;

/** Spreads 32 bits over 32 bits, each to one (the finalizer of MurmurHash3). */
function mixBits(bits: number): number {
  let spreading = bits;
  spreading = Math.imul(spreading ^ (spreading >>> 16), 0x85eb_ca6b);
  spreading = Math.imul(spreading ^ (spreading >>> 13), 0xc2b2_ae35);
  return spreading ^ (spreading >>> 16);
}

/** From 0 to 2^32 - 1, as good as drawn by lot for each pair of a member and a partition. */
export function weightFor({ high, low }: HashedMember, partition: number): number {
  return mixBits(mixBits(high ^ Math.imul(partition, GOLDEN)) ^ low) >>> 0;
}

/** Rendezvous hashing: of two members the heavier one has the partition. Of equally heavy ones the larger member id. */
export function outweighs(one: HashedMember, other: HashedMember, partition: number): boolean {
  const difference = weightFor(one, partition) - weightFor(other, partition);
  return difference === 0 ? one.member > other.member : difference > 0;
}
