/** The JSON format of the records and snapshots of a shard. */

import type { CoordinatorSnapshot, RegisteredServer, Batch, GroupLimits, ServerId } from '../core/index.js';

/** The JSON content of a record in a shard's stream. `v` is the version of the format. */
export type RecordBody = { readonly v: 1 } & (Genesis | EpochBegun | ({ readonly kind: 'parcel' } & Batch));

/** The first record of a stream. */
export interface Genesis {
  readonly kind: 'genesis';
  /** The groups of this shard issue epochs after this one only. */
  readonly epochLast: number;
  readonly rules: GroupLimits;
}

/**
 * A server begins an epoch of the stream when its connection to Redis is back. Appends to an earlier epoch are fenced off from then
 * on.
 */
export interface EpochBegun {
  readonly kind: 'epoch';
}

/** The state of a shard after a record. A server that joins the shard starts from it. */
export interface ShardSnapshot {
  readonly v: 1;
  readonly rules: GroupLimits;
  readonly servers: readonly RegisteredServer[];
  readonly coordinator: CoordinatorSnapshot;
}

/** Encodes a record that is not a batch. */
export function encodeRecord(body: Genesis | EpochBegun): string {
  return JSON.stringify({ v: 1, ...body });
}

/** Encodes batch `n` of server `from`. Each of `entries` is JSON text already. */
export function encodeBatch(from: ServerId, n: number, entries: readonly string[]): string {
  return `{"v":1,"kind":"parcel","from":${JSON.stringify(from)},"n":${n},"entries":[${entries.join(',')}]}`;
}

/** Decodes a record. Returns undefined if it is not JSON or has another version. */
export function decodeRecord(text: string): RecordBody | undefined {
  try {
    const body = JSON.parse(text) as RecordBody | null;
    return body?.v === 1 ? body : undefined;
  } catch {
    return undefined;
  }
}
