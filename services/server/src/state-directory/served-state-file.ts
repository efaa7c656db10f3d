/** The file of RANKD_STATE_DIR: its form, and how it is read and checked. */

import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Static, Type } from '@sinclair/typebox';
import { TypeCompiler } from '@sinclair/typebox/compiler';
import type { ServedState } from '../cluster/founding/served-state.js';

/** The version of the form. A server refuses a file of a newer version. */
const VERSION = 1;
const FILE_NAME = 'cluster.json';
/** The largest size of the file. The largest number of shards needs 40 kB. */
const FILE_BYTES_MAX = 1_048_576;

const shardSchema = Type.Object({
  shard: Type.Integer({ minimum: 0 }),
  streamEpoch: Type.Integer({ minimum: 0 }),
  seq: Type.Integer({ minimum: 0 }),
  mark: Type.String(),
  epochLast: Type.Integer({ minimum: 0 }),
  epochLost: Type.Integer({ minimum: 0 }),
});
const fileSchema = Type.Object({
  version: Type.Literal(VERSION),
  prefix: Type.String({ minLength: 1 }),
  cluster: Type.String({ minLength: 1 }),
  epoch: Type.Integer({ minimum: 0 }),
  shards: Type.Array(shardSchema),
});
const fileCheck = TypeCompiler.Compile(fileSchema);

/** Returns the path of the file in a directory. */
export function stateFilePath(directory: string): string {
  return join(directory, FILE_NAME);
}

/** Returns the text of the file. */
export function encodeServedState({ clusterId, epoch, resumePoint }: ServedState, prefix: string): string {
  const shards = resumePoint.flatMap((point, shard) => {
    if (point?.last === undefined) return [];
    const { last, epochLast, epochLost } = point;
    const { epoch: streamEpoch, seq } = last.position;
    return [{ shard, streamEpoch, seq, mark: last.mark, epochLast, epochLost }];
  });
  const file: Static<typeof fileSchema> = { version: VERSION, prefix, cluster: clusterId, epoch, shards };
  return `${JSON.stringify(file)}\n`;
}

/**
 * Reads the file. Returns undefined if it does not exist.
 * @throws Error with a sentence for operators if it cannot be read, is damaged, or is of another cluster or a newer version.
 */
export function readServedState(directory: string, prefix: string): ServedState | undefined {
  const path = stateFilePath(directory);
  const text = readText(path);
  if (text === undefined) return undefined;
  const file = parse(text);
  const version = (file as { readonly version?: unknown } | undefined)?.version;
  if (typeof version === 'number' && version > VERSION) {
    throw new Error(
      `RANKD_STATE_DIR: ${path} has version ${version}, and this server reads version ${VERSION}: install the version of rankd that has written it`,
    );
  }
  if (!fileCheck.Check(file)) {
    throw new Error(
      `RANKD_STATE_DIR: ${path} is damaged: restore it from a copy; or remove it, if Redis still has the order of ranks`,
    );
  }
  if (file.prefix !== prefix) {
    throw new Error(
      `RANKD_STATE_DIR: ${path} belongs to the cluster with RANKD_REDIS_PREFIX ${JSON.stringify(file.prefix)}, not ${JSON.stringify(prefix)}: use a directory of its own for each server and cluster`,
    );
  }
  return { clusterId: file.cluster, epoch: file.epoch, resumePoint: toResumePoint(file) };
}

function toResumePoint({ shards }: Static<typeof fileSchema>): ServedState['resumePoint'] {
  const points: ServedState['resumePoint'][number][] = [];
  for (const { shard, streamEpoch: epoch, seq, mark, epochLast, epochLost } of shards) {
    // The earlier process may still run, so the next incarnation does not replace it.
    points[shard] = { server: undefined, last: { position: { epoch, seq }, mark }, epochLast, epochLost, lastBatch: 0 };
  }
  return points;
}

function readText(path: string): string | undefined {
  try {
    if (statSync(path).size > FILE_BYTES_MAX) return '';
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new Error(`RANKD_STATE_DIR: ${path} cannot be read (${code ?? message}): correct its owner or its mode`, {
      cause: error,
    });
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
