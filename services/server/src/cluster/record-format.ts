import type { CoordinatorSnapshot, RegisteredServer, Batch, GroupLimits, ServerId } from '../core/index.js';

/** What a record of a shared order holds, as JSON. `v`: how it is written. */
export type RecordBody = { readonly v: 1 } & (Genesis | EpochBegun | ({ readonly kind: 'parcel' } & Batch));

/** The first record of all: no epoch up to this one is ever issued. */
export interface Genesis {
  readonly kind: 'genesis';
  readonly epochLast: number;
  readonly rules: GroupLimits;
}

/** A server has found the order again after its connection to Redis was gone; nothing that was sent before comes after this. */
export interface EpochBegun {
  readonly kind: 'epoch';
}

/** The state after a record, as it is kept for servers that start. */
export interface ShardSnapshot {
  readonly v: 1;
  readonly rules: GroupLimits;
  readonly servers: readonly RegisteredServer[];
  readonly coordinator: CoordinatorSnapshot;
}

export function encodeRecord(body: Genesis | EpochBegun): string {
  return JSON.stringify({ v: 1, ...body });
}

/** `entries`: each as JSON already. */
export function encodeBatch(from: ServerId, n: number, entries: readonly string[]): string {
  return `{"v":1,"kind":"parcel","from":${JSON.stringify(from)},"n":${n},"entries":[${entries.join(',')}]}`;
}

/** Undefined where a server of another kind has written it. */
export function decodeRecord(text: string): RecordBody | undefined {
  try {
    const body = JSON.parse(text) as RecordBody | null;
    return body?.v === 1 ? body : undefined;
  } catch {
    return undefined;
  }
}
