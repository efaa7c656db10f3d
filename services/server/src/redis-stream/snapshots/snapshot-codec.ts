/** Compresses and hashes snapshots. */

import { createHash } from 'node:crypto';
import type { StreamEnvironment } from '../environment.js';

/** The size limit of a snapshot before compression. */
export const SNAPSHOT_BYTES_MAX = 64 * 1024 * 1024;

/** The number of the format is in the first bytes of the text. */
const FORMAT_LENGTH = 32;

/** A snapshot as Redis stores it: its compressed text, and the hash of its id and text. */
export interface PackedSnapshot {
  readonly sha256: string;
  readonly deflated: Buffer;
}

/**
 * Compresses and hashes the text of the snapshot `id`.
 * @throws RangeError if the text is larger than SNAPSHOT_BYTES_MAX.
 */
export async function encodeSnapshot(
  { deflate }: StreamEnvironment,
  id: string,
  text: string,
): Promise<PackedSnapshot> {
  const bytes = Buffer.from(text);
  if (bytes.length > SNAPSHOT_BYTES_MAX) {
    throw new RangeError(`the snapshot has ${bytes.length} bytes; the limit is ${SNAPSHOT_BYTES_MAX}`);
  }
  return { sha256: hashSnapshot(id, bytes), deflated: await deflate(bytes) };
}

/** Returns the text of a snapshot. Returns undefined if it is damaged or was stored under another id. */
export async function decodeSnapshot(
  { inflate }: StreamEnvironment,
  id: string,
  packed: PackedSnapshot,
): Promise<string | undefined> {
  const bytes = await inflate(packed.deflated, SNAPSHOT_BYTES_MAX).catch(() => undefined);
  return bytes !== undefined && hashSnapshot(id, bytes) === packed.sha256 ? bytes.toString() : undefined;
}

/**
 * Hashes the id and the text. From format 2 on, the hash contains the number of the format. A server of release 0.1 does not check the
 * format, but it skips a snapshot with another hash.
 */
function hashSnapshot(id: string, bytes: Buffer): string {
  const [, version = '1'] = /^\{"v":(\d+),/.exec(bytes.toString('latin1', 0, FORMAT_LENGTH)) ?? [];
  const salt = version === '1' ? `${id} ` : `${id} format ${version} `;
  return createHash('sha256').update(salt).update(bytes).digest('hex');
}
