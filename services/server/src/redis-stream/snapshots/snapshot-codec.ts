/** Compresses and hashes snapshots. */

import { createHash } from 'node:crypto';
import type { StreamEnvironment } from '../environment.js';

/** The size limit of a snapshot before compression. */
export const SNAPSHOT_BYTES_MAX = 64 * 1024 * 1024;

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

function hashSnapshot(id: string, bytes: Buffer): string {
  return createHash('sha256').update(`${id} `).update(bytes).digest('hex');
}
