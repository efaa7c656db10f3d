/** The JSON format of the records and snapshots of a shard. */

import {
  type Batch,
  Coordinator,
  type GroupLimits,
  type RegisteredServer,
  type ServerId,
  ServerRegistry,
} from '../core/index.js';
import { unknownKind } from './formats/entry-decoder.js';
import type { LogEntry } from './formats/entry-schemas.js';
import type { LogFormat, LogFormats } from './formats/log-format.js';

/**
 * The JSON content of a record in a shard's stream: the first record, the beginning of an epoch, or a batch. The stored name of a batch
 * is `parcel`. `v` is the number of its format.
 */
export type RecordBody = { readonly v: number } & (Genesis | EpochBegun | ({ readonly kind: 'parcel' } & Batch));

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
export interface ShardState {
  readonly registry: ServerRegistry;
  readonly coordinator: Coordinator;
}

/** The JSON content of a snapshot. `v` is the format of the shard at that place. */
interface StoredSnapshot {
  readonly v: number;
  readonly rules: GroupLimits;
  readonly servers: readonly RegisteredServer[];
  /** Absent if no history was lost, and in a snapshot of a server that is older than this field. */
  readonly epochLost?: number;
  readonly coordinator: unknown;
}

/** Why this server cannot read a record. `entry` is the number of the entry in the record, from 0. */
export interface UnreadableRecord {
  readonly kind: 'unreadable';
  readonly entry: number | undefined;
  readonly reason: string;
}

/** Returns the JSON text of a record that is not a batch. The default is format 1, in which every server can read the record `epoch`. */
export function encodeRecord(body: Genesis | EpochBegun, version = 1): string {
  return JSON.stringify({ v: version, ...body });
}

/** Returns the JSON text of batch `n` of the server `from`. Each of `entries` is JSON text in the format `version`. */
export function encodeBatch(from: ServerId, n: number, entries: readonly string[], version = 1): string {
  return `{"v":${version},"kind":"parcel","from":${JSON.stringify(from)},"n":${n},"entries":[${entries.join(',')}]}`;
}

/** Parses a record and all its entries. Returns why this server cannot read it, if it cannot. */
export function decodeRecord(text: string, formats: LogFormats): RecordBody | UnreadableRecord {
  const body = parseObject(text);
  if (body === undefined) return unreadable('it is not a JSON object');
  const format = formats.find(body['v']);
  if (format === undefined) return unreadable(unknownFormat(body['v'], formats));
  switch (body['kind']) {
    case 'epoch':
      return body as unknown as RecordBody;
    case 'genesis':
      return typeof body['epochLast'] === 'number' && isObject(body['rules'])
        ? (body as unknown as RecordBody)
        : unreadable('epochLast or rules of the first record is missing');
    case 'parcel':
      return decodeBatch(body, format, formats);
    default:
      return unreadable(unknownKind(body['kind']));
  }
}

function decodeBatch(
  { from, n, entries }: Record<string, unknown>,
  format: LogFormat,
  formats: LogFormats,
): RecordBody | UnreadableRecord {
  if (typeof from !== 'string' || typeof n !== 'number' || !Array.isArray(entries)) {
    return unreadable('from, n or entries of the batch is missing');
  }
  const decoded: LogEntry[] = [];
  for (const [index, value] of entries.entries()) {
    const result = format.decodeEntry(value);
    if (result.kind === 'unreadable') return unreadable(result.reason, index);
    const { entry } = result;
    if (entry.kind === 'format-raised' && formats.find(entry.format) === undefined) {
      return unreadable(unknownFormat(entry.format, formats), index);
    }
    decoded.push(entry);
  }
  return { v: format.version, kind: 'parcel', from, n, entries: decoded };
}

/** Returns the JSON text of a snapshot, in the format of the shard. */
export function encodeSnapshot({ registry, coordinator }: ShardState, formats: LogFormats): string {
  const { version: v, encodeGroups } = formats.of(registry.format);
  const { servers, epochLost } = registry;
  const stored: StoredSnapshot = {
    v,
    rules: coordinator.limits,
    servers,
    ...(epochLost === 0 ? {} : { epochLost }),
    coordinator: encodeGroups(coordinator.snapshot()),
  };
  return JSON.stringify(stored);
}

/**
 * Restores the state of a snapshot.
 * @throws Error if this server does not know its format or cannot read it.
 */
export function decodeSnapshot(text: string, formats: LogFormats): ShardState {
  const stored = JSON.parse(text) as StoredSnapshot;
  const format = formats.find(stored.v);
  if (format === undefined) throw new RangeError(unknownFormat(stored.v, formats));
  return {
    coordinator: Coordinator.fromSnapshot(stored.rules, format.decodeGroups(stored.coordinator)),
    registry: new ServerRegistry(stored.servers, format.version, stored.epochLost),
  };
}

function unknownFormat(version: unknown, { newest }: LogFormats): string {
  const shown = typeof version === 'number' ? version : 'undefined';
  return `it has format ${shown} and this server reads formats up to ${newest.version}`;
}

function unreadable(reason: string, entry?: number): UnreadableRecord {
  return { kind: 'unreadable', entry, reason };
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
