/** Makes random changes to recorded sessions. */

import type { SeededRandom } from '../inputs/seeded-random.js';
import { corpus, fragments, longCorpus, values } from './fuzz-corpus.js';

/** Changes one thing in the bytes of a session. */
type Mutation = (bytes: Buffer, random: SeededRandom) => Buffer;

/** The places at which a mutation may cut. Undefined: at any byte. */
type Bounds = ((bytes: Buffer) => readonly number[]) | undefined;

const CHANGES_MAX = 4;
/** One session in this many starts with a long field. */
const LONG_OF = 4;

const byteMutations: readonly Mutation[] = [
  flipBit,
  cut(undefined),
  splice(undefined),
  duplicate(undefined),
  truncate,
  insert,
];
/** These mutations keep whole lines, so the server reads more of the session before it ends it. */
const frameMutations: readonly Mutation[] = [cut(lineBounds), splice(lineBounds), duplicate(lineBounds), replaceValue];

/**
 * Returns a recorded session with one to four changes. Half of the sessions have changed bytes, the others changed frames. A session with a
 * long field has up to three changes.
 */
export function mutateSession(random: SeededRandom): Buffer {
  const mutations = random.below(2) === 0 ? byteMutations : frameMutations;
  const isLong = random.below(LONG_OF) === 0;
  let bytes = pickOf(isLong ? longCorpus : corpus, random);
  for (let left = (isLong ? 0 : 1) + random.below(CHANGES_MAX); left > 0; left -= 1) {
    bytes = pickOf(mutations, random)(bytes, random);
  }
  return bytes;
}

function flipBit(bytes: Buffer, random: SeededRandom): Buffer {
  if (bytes.length === 0) return bytes;
  const flipped = Buffer.from(bytes);
  const at = random.below(bytes.length);
  flipped[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
  return flipped;
}

function cut(bounds: Bounds): Mutation {
  return (bytes, random) => {
    const [start, end] = pickRange(bytes, random, bounds);
    return Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)]);
  };
}

function splice(bounds: Bounds): Mutation {
  return (bytes, random) => {
    const other = pickOf(corpus, random);
    return insertPart(other.subarray(...pickRange(other, random, bounds)), bytes, random, bounds);
  };
}

function duplicate(bounds: Bounds): Mutation {
  return (bytes, random) => insertPart(bytes.subarray(...pickRange(bytes, random, bounds)), bytes, random, bounds);
}

function truncate(bytes: Buffer, random: SeededRandom): Buffer {
  return bytes.subarray(0, random.below(bytes.length + 1));
}

function insert(bytes: Buffer, random: SeededRandom): Buffer {
  return insertPart(pickOf(fragments, random), bytes, random, undefined);
}

function replaceValue(bytes: Buffer, random: SeededRandom): Buffer {
  const text = bytes.toString('utf8');
  const place = random.pick([...text.matchAll(/(?<=":)("[^"]*"|[\d.]+|true|false)/g)]);
  if (place === undefined) return bytes;
  const end = place.index + place[0].length;
  return Buffer.from(text.slice(0, place.index) + pickOf(values, random) + text.slice(end));
}

function insertPart(part: Buffer, bytes: Buffer, random: SeededRandom, bounds: Bounds): Buffer {
  const at = pickPlace(bytes, random, bounds);
  return Buffer.concat([bytes.subarray(0, at), part, bytes.subarray(at)]);
}

function pickRange(bytes: Buffer, random: SeededRandom, bounds: Bounds): [start: number, end: number] {
  const [one, other] = [pickPlace(bytes, random, bounds), pickPlace(bytes, random, bounds)];
  return [Math.min(one, other), Math.max(one, other)];
}

function pickPlace(bytes: Buffer, random: SeededRandom, bounds: Bounds): number {
  return bounds === undefined ? random.below(bytes.length + 1) : pickOf(bounds(bytes), random);
}

function lineBounds(bytes: Buffer): readonly number[] {
  const bounds = [0];
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) bounds.push(at + 1);
  return bounds;
}

function pickOf<T>(among: readonly T[], random: SeededRandom): T {
  const picked = random.pick(among);
  if (picked === undefined) throw new Error('the list to pick from is empty');
  return picked;
}
