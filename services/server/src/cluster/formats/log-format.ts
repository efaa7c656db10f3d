/**
 * The formats of the records and snapshots of a shard. A shard begins in one format. The entry `format-raised` raises it at one place in
 * the order.
 */

import { type Feature, features } from '@rankd/protocol';
import type { CoordinatorSnapshot, Timekeeper } from '../../core/index.js';
import type { DecodedEntry } from './entry-decoder.js';
import type { LogEntry } from './entry-schemas.js';
import { formatOne } from './format-one.js';
import { formatTwo } from './format-two.js';

/**
 * One format of records and snapshots. The number is the `v` of a record or a snapshot. A newer format translates entries that an older
 * one does not have: `encodeEntry` of the older format writes its own form of the entry, and `decodeEntry` reads it.
 */
export interface LogFormat {
  readonly version: number;
  /** Returns the JSON text of an entry. */
  readonly encodeEntry: (entry: LogEntry) => string;
  readonly decodeEntry: (value: unknown) => DecodedEntry;
  /** Returns the value of the groups in a snapshot. JSON can represent it. */
  readonly encodeGroups: (groups: CoordinatorSnapshot) => unknown;
  /** @throws Error if the value has another form. */
  readonly decodeGroups: (value: unknown) => CoordinatorSnapshot;
}

/** Returns who measures durations in a shard of this format. Entries of format 1 contain no measured durations. */
export function timekeeperOf(version: number): Timekeeper {
  return version === 1 ? 'entries' : 'servers';
}

/**
 * The register is raised to a newer format after this many heartbeats of one server, if all registered servers could read that format for
 * the whole time: about a minute. An older server that was lost or restarted can rejoin in that minute.
 */
export const STEADY_BEATS = 60;

/** The formats that a server reads. It writes the format of the shard. */
export class LogFormats {
  readonly newest: LogFormat;
  readonly steadyBeats: number;
  readonly #formats: ReadonlyMap<number, LogFormat>;

  /** `formats` must contain format 1, in which every server can write. */
  constructor(formats: readonly LogFormat[], steadyBeats = STEADY_BEATS) {
    this.steadyBeats = steadyBeats;
    this.#formats = new Map(formats.map(format => [format.version, format]));
    this.newest = formats.reduce((newest, format) => (format.version > newest.version ? format : newest), this.of(1));
  }

  /** Returns the format with this number, or undefined if this server does not know it. */
  find(version: unknown): LogFormat | undefined {
    return typeof version === 'number' ? this.#formats.get(version) : undefined;
  }

  /**
   * Returns the format with this number.
   * @throws RangeError if this server does not know it.
   */
  of(version: number): LogFormat {
    const format = this.#formats.get(version);
    if (format === undefined) throw new RangeError(`this server does not know format ${version}`);
    return format;
  }
}

/** The format whose entries each feature needs. */
const formatOfFeature: Readonly<Record<Feature, number>> = { resign: 2 };

/** Returns the features that a shard in this format can record. */
export function featuresOfFormat(version: number): readonly Feature[] {
  return features.filter(name => formatOfFeature[name] <= version);
}

/** The formats of this version of rankd. A new format is added here. */
export const logFormats = new LogFormats([formatOne, formatTwo]);
