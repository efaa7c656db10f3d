/** The JSON format of the records and snapshots of a shard. */

import type { CoordinatorSnapshot, RegisteredServer, Batch, GroupLimits, ServerId } from '../core/index.js';

/**
 * The JSON content of a record in a shard's stream: the first record, the beginning of an epoch, or a batch. The stored name of a batch
 * is `parcel`. `v` is the version of the format.
 */
export type RecordBody = { readonly v: 1 } & (Genesis | EpochBegun | ({ readonly kind: 'parcel' } & Batch));

/** The first record of a stream. */
export interface Genesis {
  readonly kind: 'genesis';
  /** The groups of this shard issue epochs after this one. */
  readonly epochLast: number;
  readonly rules: GroupLimits;
}

/**
 * A server begins an epoch of the stream when its connection to Redis is up again. Redis refuses appends to an earlier epoch from then
 * on. This is not the epoch of a group.
 */
export interface EpochBegun {
  readonly kind: 'epoch';
}

/** The state of a shard after a certain record. A server that joins the shard starts from it. */
export interface ShardSnapshot {
  readonly v: 1;
  readonly rules: GroupLimits;
  readonly servers: readonly RegisteredServer[];
  readonly coordinator: CoordinatorSnapshot;
}

/** Returns the JSON text of a record that is not a batch. */
export function encodeRecord(body: Genesis | EpochBegun): string {
  return JSON.stringify({ v: 1, ...body });
}

/** Returns the JSON text of batch `n` of the server `from`. Each of `entries` is JSON text. */
export function encodeBatch(from: ServerId, n: number, entries: readonly string[]): string {
  return `{"v":1,"kind":"parcel","from":${JSON.stringify(from)},"n":${n},"entries":[${entries.join(',')}]}`;
}

/** Parses a record. Returns undefined if it is not JSON or has another version. */
export function decodeRecord(text: string): RecordBody | undefined {
  try {
    const body = JSON.parse(text) as RecordBody | null;
    return body?.v === 1 ? body : undefined;
  } catch {
    return undefined;
  }
}
