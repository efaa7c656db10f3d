import { createHash } from 'node:crypto';
import type { StreamEnvironment } from '../environment.js';

/** What a snapshot may be, before it is compressed. */
export const SNAPSHOT_BYTES_MAX = 64 * 1024 * 1024;

/** A snapshot's text as Redis keeps it. */
export interface PackedSnapshot {
  readonly sha256: string;
  readonly deflated: Buffer;
}

/** @throws RangeError where it is larger than SNAPSHOT_BYTES_MAX */
export async function encodeSnapshot(
  { deflate }: StreamEnvironment,
  id: string,
  text: string,
): Promise<PackedSnapshot> {
  const bytes = Buffer.from(text);
  if (bytes.length > SNAPSHOT_BYTES_MAX) {
    throw new RangeError(`a snapshot of ${bytes.length} bytes; ${SNAPSHOT_BYTES_MAX} at most`);
  }
  return { sha256: hashOf(id, bytes), deflated: await deflate(bytes) };
}

/** Undefined where it is not what was packed under this id. */
export async function decodeSnapshot(
  { inflate }: StreamEnvironment,
  id: string,
  packed: PackedSnapshot,
): Promise<string | undefined> {
  const bytes = await inflate(packed.deflated, SNAPSHOT_BYTES_MAX).catch(() => undefined);
  return bytes !== undefined && hashOf(id, bytes) === packed.sha256 ? bytes.toString() : undefined;
}

function hashOf(id: string, bytes: Buffer): string {
  return createHash('sha256').update(`${id} `).update(bytes).digest('hex');
}
